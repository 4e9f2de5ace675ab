//! "Did you mean …?"

/// Below this likeness (0 to 1) a suggestion would confuse.
const LIKENESS: f64 = 0.75;

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let normal = normalise(word);
    candidates
        .into_iter()
        .map(|candidate| (likeness(&normal, &normalise(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// From 0 to 1. One slip makes short words very unlike by proportion, so it counts apart.
fn likeness(word: &str, candidate: &str) -> f64 {
    if word.len() > 2 && strsim::osa_distance(word, candidate) == 1 {
        return 1.0;
    }
    strsim::jaro_winkler(word, candidate)
}

/// `; did you mean …?` or nothing.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    closest(word, candidates)
        .map(|candidate| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}

/// Separators and case are the commonest slips, so they count for nothing.
fn normalise(word: &str) -> String {
    word.chars()
        .filter(|character| !matches!(character, '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_leaves_strangers_alone() {
        let candidates = ["listen", "log", "limits.batch_items", "data_dir"];
        let found = [
            "lisen",
            "lgo",
            "LIMITS_BATCHITEMS",
            "datadir",
            "frobnicate",
            "x",
            "",
        ]
        .map(|word| closest(word, candidates));
        let expected = [
            Some("listen"),
            Some("log"),
            Some("limits.batch_items"),
            Some("data_dir"),
            None,
            None,
            None,
        ];
        assert_eq!(found, expected);
    }
}
