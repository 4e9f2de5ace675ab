//! Keeping a corpus small: the inputs that were written by hand, and of what was found the smallest set that reaches more, up to a size.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Fuzzing, SLOWEST_INPUT, Target};
use crate::{command, console};

/// The largest input that is kept.
const LONGEST_INPUT: &str = "-max_len=2048";

/// How many bytes of found inputs a target may keep: a corpus is part of every clone.
const MOST_BYTES: u64 = 16 * 1024;

/// How many found inputs a target may keep.
const MOST_INPUTS: usize = 100;

impl Fuzzing {
    /// Puts what the last runs found into the corpus, as far as it reaches something new.
    pub(super) fn grow(&self, target: &Target) -> Result<()> {
        let (corpus, fresh) = (self.corpus(target), self.fresh(target));
        let merged = self.output.join("merged").join(&target.name);
        fs::create_dir_all(&merged)?;
        clear(&merged)?;
        let (found, written): (Vec<_>, Vec<_>) =
            files(&corpus)?.into_iter().partition(|path| is_found(path));
        for path in &written {
            fs::copy(path, merged.join(name(path)?))?;
        }
        command::run(
            command::new(self.program(target)?, &self.folder)
                .args(["-merge=1", "-verbosity=0", LONGEST_INPUT, SLOWEST_INPUT])
                .args([&merged, &corpus, &fresh]),
        )?;
        let mut wanted = Vec::new();
        for path in files(&merged)?.into_iter().filter(|path| is_found(path)) {
            wanted.push((fs::metadata(&path)?.len(), path));
        }
        wanted.sort();
        for path in found {
            fs::remove_file(path)?;
        }
        let kept = spread(&wanted);
        for (_, path) in &kept {
            fs::copy(path, corpus.join(name(path)?))?;
        }
        console::progress(&format!(
            "{}: {} inputs written by hand, {} of {} found ones",
            target.name,
            written.len(),
            kept.len(),
            wanted.len()
        ));
        clear(&fresh)
    }
}

/// As many as may be kept, evenly over small and large ones.
fn spread(sorted: &[(u64, PathBuf)]) -> Vec<&(u64, PathBuf)> {
    let every = |step| sorted.iter().step_by(step);
    let fits = |step: &usize| {
        let bytes: u64 = every(*step).map(|(size, _)| size).sum();
        bytes <= MOST_BYTES && every(*step).count() <= MOST_INPUTS
    };
    match (1..=sorted.len()).find(fits) {
        Some(step) => every(step).collect(),
        None => Vec::new(),
    }
}

/// libFuzzer names inputs by their hash; those that were written by hand have other names, and stay.
fn is_found(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn name(path: &Path) -> Result<&std::ffi::OsStr> {
    path.file_name().context("an input has no name")
}

/// Everything in a folder.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    entries.collect()
}

/// Empties a folder; makes it where there is none.
pub(super) fn clear(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for path in files(folder)? {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(sizes: impl IntoIterator<Item = u64>) -> Vec<(u64, PathBuf)> {
        let sizes = sizes.into_iter();
        sizes
            .map(|size| (size, PathBuf::from(size.to_string())))
            .collect()
    }

    fn kept(sizes: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let inputs = inputs(sizes);
        spread(&inputs).iter().map(|(size, _)| *size).collect()
    }

    #[test]
    fn what_is_kept_is_bounded_and_spread_over_all_sizes() {
        assert!(kept([]).is_empty());
        assert_eq!(kept([3, 4, 5]), [3, 4, 5]);
        assert_eq!(kept([1, 2_000, 8_000, 8_500]), [1, 8_000]);
        assert!(kept([1_000_000]).is_empty());
        assert_eq!(kept(0..150).len(), 75);
    }

    #[test]
    fn what_has_a_name_was_written_by_hand() {
        assert!(is_found(Path::new(
            "corpus/texts/da39a3ee5e6b4b0d3255bfef95601890afd80709"
        )));
        assert!(!is_found(Path::new("corpus/texts/email")));
    }
}
