//! What happens by itself: states of the outbox, warnings, answers that were waited for.

use manent_client::{
    AnswerHandle, Client, FailReason, ItemState, QueueStatus, SaveStatus, StorageWarning,
    WaitReason,
};
use tokio::sync::{broadcast, mpsc};

use super::counts::Amount;
use super::words;

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// The outbox stands in another way now.
    Queue,
    Failed(SaveStatus),
    Warning(StorageWarning),
    /// One that was waited for in the background has ended.
    Answered(AnswerHandle),
}

/// Where news come together.
pub(super) struct Newsroom {
    sender: mpsc::Sender<News>,
    pub(super) news: mpsc::Receiver<News>,
}

impl Newsroom {
    /// Listens to the client.
    pub(super) fn open(client: &Client) -> Self {
        let (sender, news) = mpsc::channel(64);
        let persistence = client.persistence();
        let (told, mut statuses) = (sender.clone(), persistence.watch_status());
        tokio::spawn(async move {
            while statuses.changed().await.is_ok() {
                if told.send(News::Queue).await.is_err() {
                    return;
                }
            }
        });
        let (told, mut items) = (sender.clone(), persistence.subscribe());
        tokio::spawn(async move {
            loop {
                match items.recv().await {
                    // What the person took back is no news to them.
                    Ok(SaveStatus {
                        state: ItemState::Failed(FailReason::Withdrawn),
                        ..
                    }) => {}
                    Ok(status) if matches!(status.state, ItemState::Failed(_)) => {
                        if told.send(News::Failed(status)).await.is_err() {
                            return;
                        }
                    }
                    // What was missed stands in the tray.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        let (told, mut warnings) = (sender.clone(), persistence.warnings());
        tokio::spawn(async move {
            loop {
                match warnings.recv().await {
                    Ok(warning) => {
                        if told.send(News::Warning(warning)).await.is_err() {
                            return;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        Self { sender, news }
    }

    /// Tells when an answer has ended.
    pub(super) fn await_answer(&self, mut answer: AnswerHandle) {
        let told = self.sender.clone();
        tokio::spawn(async move {
            answer.end().await;
            // Nobody listens any more, perhaps.
            let _ = told.send(News::Answered(answer)).await;
        });
    }
}

/// How the outbox does, as far as it is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mood {
    #[default]
    Well,
    Away,
    Busy,
    SignIn,
    DiskRefuses,
}

/// Says what changed, and not again while it stays so.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    mood: Mood,
    /// When the server was heard last.
    heard_at: Option<u64>,
}

/// Who was heard a moment ago is not away, whatever the outbox has not tried yet; in milliseconds.
const MOMENT_MS: u64 = 10_000;

impl Announcer {
    /// The server said something.
    pub(super) fn heard(&mut self, now: u64) {
        self.heard_at = Some(now);
    }

    /// The line to print about the outbox; absent when nothing is new.
    pub(super) fn line(
        &mut self,
        status: &QueueStatus,
        unsaved: Amount,
        now: u64,
    ) -> Option<String> {
        let mood = match status.wait {
            _ if status.is_storage_refusing => Mood::DiskRefuses,
            _ if status.unsaved() == 0 => Mood::Well,
            Some(WaitReason::Retry { .. } | WaitReason::ServerAway { .. }) => Mood::Away,
            Some(WaitReason::BackPressure { .. }) => Mood::Busy,
            Some(WaitReason::SignIn) => Mood::SignIn,
            // A try is under way: what comes of it will be told.
            Some(WaitReason::Behind { .. }) | None => self.mood,
        };
        let is_heard = self
            .heard_at
            .is_some_and(|at| now.saturating_sub(at) < MOMENT_MS);
        if mood == Mood::Away && is_heard {
            return None;
        }
        if std::mem::replace(&mut self.mood, mood) == mood {
            return None;
        }
        match mood {
            Mood::Well => Some("Everything is saved.".to_owned()),
            _ => words::banner(status, unsaved, now),
        }
    }
}

/// A warning in words.
pub(super) fn of_warning(warning: &StorageWarning) -> Option<String> {
    Some(match warning {
        StorageWarning::FileSetAside {
            path,
            reason,
            salvaged,
        } => format!(
            "The outbox could not be read ({reason}). It is kept as {}; {salvaged} records of it were saved into a new one.",
            path.display()
        ),
        StorageWarning::NewerFile { path } => format!(
            "A newer version of manent wrote an outbox here, and this one cannot read it. It is kept as {}, and what is not sent of it waits: \
             start the newer version here once, and it takes everything in by itself.",
            path.display()
        ),
        StorageWarning::TakenIn { path, records } => format!(
            "What a newer version of manent had left in an outbox of its own was taken in ({records} records); the file is kept as {}.",
            path.display()
        ),
        StorageWarning::RecordsSetAside { records, reason } => format!(
            "{} in the outbox could not be read ({reason}) and put aside; nothing of it is deleted.",
            match records {
                1 => "1 record".to_owned(),
                more => format!("{more} records"),
            }
        ),
        StorageWarning::Lost { path } => format!(
            "The outbox {} was removed while it was in use; what is not saved is written again.",
            path.display()
        ),
        // The line about the outbox says it.
        StorageWarning::Refused { .. } => return None,
        StorageWarning::Recovered => "This device's disk takes writes again.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Amount = Amount {
        messages: 1,
        answers: 0,
        changes: 0,
    };

    fn waiting(wait: Option<WaitReason>) -> QueueStatus {
        QueueStatus {
            waiting: 1,
            wait,
            ..QueueStatus::default()
        }
    }

    #[test]
    fn says_once_that_the_server_is_away_and_once_that_it_is_back() {
        let mut announcer = Announcer::default();
        let mut line = |status: &QueueStatus| announcer.line(status, ONE, 0);
        assert_eq!(line(&QueueStatus::default()), None);
        assert!(line(&waiting(Some(WaitReason::Retry { at: 1_000 }))).is_some());
        assert_eq!(line(&waiting(None)), None);
        assert_eq!(
            line(&waiting(Some(WaitReason::ServerAway { until: None }))),
            None
        );
        assert_eq!(
            line(&QueueStatus::default()).as_deref(),
            Some("Everything is saved.")
        );
        assert_eq!(line(&QueueStatus::default()), None);
    }

    #[test]
    fn a_server_that_was_heard_a_moment_ago_is_not_called_away() {
        let mut announcer = Announcer::default();
        announcer.heard(1_000);
        let away = waiting(Some(WaitReason::ServerAway { until: None }));
        assert_eq!(announcer.line(&away, ONE, 2_000), None);
        assert!(announcer.line(&away, ONE, 1_000 + MOMENT_MS).is_some());
    }
}
