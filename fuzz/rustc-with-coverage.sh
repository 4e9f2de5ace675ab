#!/bin/sh
# rustc as cargo calls it for the crates of this workspace (RUSTC_WORKSPACE_WRAPPER), with the coverage that libFuzzer needs: counters for the parts
# that were reached, and the values that were compared. Build scripts and macros run on the machine that builds, without libFuzzer.
case " $* " in
  *" --crate-name build_script_"* | *" --crate-type proc-macro "* | *" --print="*) exec "$@" ;;
esac
exec "$@" \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
