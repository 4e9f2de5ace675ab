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
        .map(|candidate| {
            (
                strsim::jaro_winkler(&normal, &normalise(candidate)),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
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
