//! What the native client hears of an answer, whole and cut (the first byte says into which pieces): it says the same, and ends once.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((piece, answer)) = bytes.split_first() else {
        return;
    };
    manent_client::fuzzing::answer(answer, usize::from(*piece));
});
