//! States in words.

use manent_client::{AnswerStage, AnswerWait, FailReason, ItemState, QueueStatus, WaitReason};

use super::counts::Amount;

/// What to do about a server that does not know who asks.
const SIGN_IN: &str = "the server wants a key that counts; start again with MANENT_KEY or --key-file (`manent key create` makes one)";

/// Where an item stands.
pub(super) fn of_item(state: &ItemState, now: u64) -> String {
    match state {
        ItemState::Storing => "not yet safe on this device".to_owned(),
        ItemState::Queued => "queued on this device".to_owned(),
        ItemState::Sending => "being sent".to_owned(),
        ItemState::Saved { .. } => "saved".to_owned(),
        ItemState::Waiting(reason) => format!("queued on this device; {}", of_wait(*reason, now)),
        ItemState::Failed(reason) => of_failure(reason),
        ItemState::Discarded => "thrown away; /undo brings it back".to_owned(),
    }
}

/// Why something is held up.
pub(super) fn of_wait(reason: WaitReason, now: u64) -> String {
    match reason {
        WaitReason::Retry { at } => {
            format!(
                "the server did not take it, next try {}",
                later(Some(at), now)
            )
        }
        WaitReason::BackPressure { until } => {
            format!("the server is busy, next try {}", later(Some(until), now))
        }
        WaitReason::ServerAway { until } => {
            format!("the server is away, next try {}", later(until, now))
        }
        WaitReason::SignIn => SIGN_IN.to_owned(),
        WaitReason::Behind { .. } => "it follows one that is not saved yet".to_owned(),
    }
}

/// Why an answer does not come.
pub(super) fn of_answer(stage: AnswerStage, now: u64) -> String {
    match stage {
        AnswerStage::Storing => "not yet asked for".to_owned(),
        AnswerStage::Asking { .. } => "asked for".to_owned(),
        AnswerStage::Running => "coming".to_owned(),
        AnswerStage::Ended => "ended".to_owned(),
        AnswerStage::Waiting(AnswerWait::SignIn) => SIGN_IN.to_owned(),
        AnswerStage::Waiting(AnswerWait::BackPressure { until }) => {
            format!(
                "the server is busy, asked again {}",
                later(Some(until), now)
            )
        }
        AnswerStage::Waiting(AnswerWait::BehindAnother { .. }) => "it is not its turn".to_owned(),
        AnswerStage::Waiting(wait) => {
            format!(
                "the server is away, asked again {}",
                later(wait.until(), now)
            )
        }
    }
}

fn of_failure(reason: &FailReason) -> String {
    match reason {
        FailReason::Rejected { code, detail } => match detail {
            Some(detail) => format!("refused by the server: {detail} ({code})"),
            None => format!("refused by the server ({code})"),
        },
        FailReason::Conflict => "the server has another message under its id".to_owned(),
        FailReason::Blocked { .. } => "what it follows is not stored".to_owned(),
        FailReason::TooLarge { limit_bytes } => {
            format!("too large: at most {limit_bytes} bytes are taken")
        }
        FailReason::Withdrawn => "taken back by you".to_owned(),
    }
}

/// The line that says why nothing moves, and so much is not saved; absent when all is well.
pub(super) fn banner(status: &QueueStatus, waiting: Amount, now: u64) -> Option<String> {
    if status.is_storage_refusing {
        return Some(format!(
            "This device's disk takes no writes: {waiting} not yet safe. Free some space; it is tried again."
        ));
    }
    let reason = status.wait?;
    if waiting.is_empty() || matches!(reason, WaitReason::Behind { .. }) {
        return None;
    }
    let next = match reason {
        WaitReason::SignIn => "/retry goes on after you did".to_owned(),
        _ => "/retry tries now".to_owned(),
    };
    Some(format!(
        "{waiting} safe on this device: {}; {next}.",
        of_wait(reason, now)
    ))
}

/// `1 message is`, `2 messages are`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what} is")
    } else {
        format!("{count} {what}s are")
    }
}

fn later(at: Option<u64>, now: u64) -> String {
    match at.map(|at| at.saturating_sub(now).div_ceil(1_000)) {
        None | Some(0) => "under way".to_owned(),
        Some(seconds) => format!("in {seconds} s"),
    }
}

/// The beginning of a text, on one line.
pub(super) fn cut(text: &str) -> String {
    const MOST: usize = 60;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let beginning: String = line.chars().take(MOST - 1).collect();
    format!("{beginning}…")
}

/// A text without what could move the cursor, change colours or ring: models and other devices do not command this terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control() || matches!(character, '\n' | '\t'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_when_the_next_try_goes() {
        let away = |until| of_wait(WaitReason::ServerAway { until }, 1_000);
        assert_eq!(away(Some(4_500)), "the server is away, next try in 4 s");
        assert_eq!(away(Some(900)), "the server is away, next try under way");
        assert_eq!(away(None), "the server is away, next try under way");
    }

    #[test]
    fn is_silent_when_all_is_well() {
        let nothing = Amount::default();
        assert_eq!(banner(&QueueStatus::default(), nothing, 0), None);
        let waiting = Amount {
            messages: 2,
            answers: 1,
            changes: 0,
        };
        let away = QueueStatus {
            waiting: 3,
            wait: Some(WaitReason::Retry { at: 3_000 }),
            ..QueueStatus::default()
        };
        assert_eq!(
            banner(&away, waiting, 0).unwrap(),
            "2 messages and 1 answer are safe on this device: the server did not take it, next try in 3 s; /retry tries now."
        );
    }

    #[test]
    fn a_text_cannot_command_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{7}\tc\n\u{9b}d"), "a[2Jb\tc\nd");
    }

    #[test]
    fn cuts_long_texts_and_joins_lines() {
        assert_eq!(cut("one\n two"), "one two");
        assert_eq!(cut(&"x".repeat(80)).chars().count(), 60);
    }
}
