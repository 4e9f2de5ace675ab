//! Artifacts: blocks between `:::artifact` and `:::` in an answer's words, which the client shows beside the answer and lets a person edit.

use std::ops::Range;

use manent_types::Part;

use super::InvalidEdit;

const START: &str = ":::artifact";
const END: &str = ":::";

/// The content with a piece of the artifact of this number, counted through all texts, replaced.
///
/// # Errors
/// When there is no such artifact, or when it does not have the piece.
pub fn with_artifact(
    content: &[Part],
    index: usize,
    original: &str,
    updated: &str,
) -> Result<Vec<Part>, InvalidEdit> {
    let mut left = index;
    for (place, part) in content.iter().enumerate() {
        let Part::Text { text } = part else { continue };
        let artifacts = artifacts(text);
        let Some(artifact) = artifacts.get(left) else {
            left -= artifacts.len();
            continue;
        };
        // The client marks dollar signs that would be taken for formulas.
        let plain = |text: &str| text.replace("\\$", "$");
        let replaced = replaced(text, artifact, original, updated)
            .or_else(|| replaced(text, artifact, &plain(original), &plain(updated)));
        let text = replaced.ok_or(InvalidEdit::ArtifactElsewhere)?;
        let mut after = content.to_vec();
        after[place] = Part::Text { text };
        return Ok(after);
    }
    Err(InvalidEdit::ArtifactIndex)
}

/// What lies inside of each artifact of a text: without the lines that open and close it, and without the fence around all of it.
fn artifacts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(START).map(|at| from + at) {
        let inside = text[start..]
            .find('\n')
            .map_or(text.len(), |at| start + at + 1);
        let (end, next) = closing(text, inside);
        found.push(without_fence(text, inside..end));
        from = next;
    }
    found
}

/// Lines from a place on, each with its own place and without its end.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text[from..].split_inclusive('\n').map(move |line| {
        let place = at;
        at += line.len();
        (place, line.trim_end_matches('\n'))
    })
}

/// Where the inside ends, and where what follows the artifact begins.
fn closing(text: &str, inside: usize) -> (usize, usize) {
    let mut fence: Option<&str> = None;
    let mut inside_fence = None;
    for (at, line) in lines(text, inside) {
        let bare = line.trim_start();
        if bare.starts_with(END) && !bare.starts_with(START) {
            let end = (at, at + (line.len() - bare.len()) + END.len());
            if fence.is_none() {
                return end;
            }
            inside_fence = inside_fence.or(Some(end));
        }
        match (marker(bare), fence) {
            (Some(opening), None) => fence = Some(opening),
            (Some(_), Some(opening)) if closes(bare, opening) => {
                (fence, inside_fence) = (None, None);
            }
            _ => {}
        }
    }
    // Of a fence that is never closed the artifact's end counts all the same.
    inside_fence
        .filter(|_| fence.is_some())
        .unwrap_or((text.len(), text.len()))
}

/// The three or more marks with which a line opens a fence.
fn marker(line: &str) -> Option<&str> {
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    (length >= 3).then(|| &line[..length])
}

fn closes(line: &str, opening: &str) -> bool {
    let line = line.trim();
    let mark = opening.chars().next().unwrap_or_default();
    line.len() >= opening.len() && line.chars().all(|character| character == mark)
}

fn without_fence(text: &str, inside: Range<usize>) -> Range<usize> {
    let whole = &text[inside.clone()];
    let blank = whole.len() - whole.trim_start().len();
    let first = whole[blank..].lines().next().unwrap_or_default();
    let Some(opening) = marker(first) else {
        return inside;
    };
    let start = (inside.start + blank + first.len() + 1).min(inside.end);
    let closing = lines(&text[..inside.end], start).find(|(_, line)| closes(line, opening));
    match closing {
        None => start..inside.end,
        Some((at, line)) if text[at + line.len()..inside.end].trim().is_empty() => {
            // Without the end of the line before the fence.
            start..at.saturating_sub(1).max(start)
        }
        Some(_) => inside,
    }
}

fn replaced(text: &str, artifact: &Range<usize>, original: &str, updated: &str) -> Option<String> {
    let original = original.strip_suffix('\n').unwrap_or(original);
    let inside = &text[artifact.clone()];
    if original.is_empty() && !inside.trim().is_empty() {
        return None;
    }
    let start = artifact.start + inside.find(original)?;
    let rest = &text[start + original.len()..];
    let updated = updated
        .strip_suffix('\n')
        .filter(|_| rest.starts_with('\n'))
        .unwrap_or(updated);
    let separator = if rest.starts_with('\n') || updated.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Some(format!("{}{updated}{separator}{rest}", &text[..start]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(
        text: &str,
        index: usize,
        original: &str,
        updated: &str,
    ) -> Result<String, InvalidEdit> {
        let content = [Part::Text {
            text: text.to_owned(),
        }];
        let after = with_artifact(&content, index, original, updated)?;
        Ok(manent_types::text_of(&after))
    }

    const TWO: &str = "Look:\n:::artifact{title=\"A\"}\n```html\n<p>one</p>\n```\n:::\nand\n:::artifact{title=\"B\"}\n```md\n:::note\n<p>one</p>\n```\n:::\nend";

    #[test]
    fn the_artifact_of_the_number_is_changed() {
        let second = TWO.replacen(":::note\n<p>one</p>", ":::note\n<p>two</p>", 1);
        assert_eq!(change(TWO, 1, "<p>one</p>\n", "<p>two</p>\n"), Ok(second));
        let first = TWO.replacen("<p>one</p>", "<p>two</p>", 1);
        assert_eq!(change(TWO, 0, "<p>one</p>", "<p>two</p>"), Ok(first));
        assert_eq!(change(TWO, 2, "a", "b"), Err(InvalidEdit::ArtifactIndex));
        assert_eq!(
            change(TWO, 0, "<p>three</p>", "b"),
            Err(InvalidEdit::ArtifactElsewhere)
        );
        assert_eq!(change(TWO, 0, "", "b"), Err(InvalidEdit::ArtifactElsewhere));
    }

    #[test]
    fn what_the_client_marked_is_found() {
        let text = ":::artifact{}\ncosts $5\n:::";
        assert_eq!(
            change(text, 0, "costs \\$5", "costs \\$6"),
            Ok(":::artifact{}\ncosts $6\n:::".to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_text_has_artifacts_within_it(text in "(:::artifact|:::|```|~~~~|\n| |a|é|\\$){0,30}") {
            for artifact in artifacts(&text) {
                prop_assert!(text.get(artifact).is_some(), "{text:?}");
            }
            let _ = change(&text, 0, "a", "b");
        }
    }
}
