//! One reader of one generation.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use manent_domain::error::DomainError;
use manent_domain::message::Message;
use manent_domain::run::{LoggedEvent, RecordTarget, Run};
use manent_librechat::events::{self, Frame, Telling};
use manent_librechat::wire;
use manent_runs::{RunItem, RunReader};
use manent_types::UserId;
use serde_json::{Map, Value};

use super::board::Turn;
use super::finish;
use crate::app::App;
use crate::native::sse::{Piece, Progress, Source};

/// How long the end waits for what is kept: longer than following a generation to its end may take.
const END_WAIT: Duration = Duration::from_secs(20);

/// What is known of a generation before it is read.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) owner: UserId,
    pub(super) run: Run,
    pub(super) record: RecordTarget,
    pub(super) turn: Option<Arc<Turn>>,
    pub(super) question: Message,
}

impl Known {
    /// The person's message as the client is told it.
    pub(super) fn told_question(&self) -> Value {
        let before = self.turn.as_ref().and_then(|turn| turn.before.as_ref());
        wire::message(&self.question, before, None)
    }

    /// What a reader that comes back is told beside what was said.
    pub(super) fn state(&self) -> Map<String, Value> {
        let mut state = Map::new();
        let mut set = |name: &str, value: Value| {
            state.insert(name.to_owned(), value);
        };
        set("userMessage", self.told_question());
        set(
            "conversationId",
            self.record.conversation.to_string().into(),
        );
        if let Some(turn) = &self.turn {
            if let Some(sender) = &turn.kept.sender {
                set("sender", sender.clone().into());
            }
            if let Some(icon) = &turn.kept.icon_url {
                set("iconURL", icon.clone().into());
            }
        }
        state
    }
}

type Preparing = Pin<Box<dyn Future<Output = Result<Prepared, DomainError>> + Send>>;
type Ending = Pin<Box<dyn Future<Output = Option<Arc<[Frame]>>> + Send>>;

/// What a reader begins with.
struct Prepared {
    frames: Vec<Frame>,
    telling: Telling,
    reader: RunReader,
    has_ended: bool,
}

enum State {
    Preparing(Preparing),
    Telling(Box<Telling>, RunReader),
    Ending(Ending),
    Over,
}

/// The frames of one generation for one reader.
pub(super) struct GenerationFrames {
    app: App,
    known: Known,
    state: State,
    has_begun: bool,
}

impl GenerationFrames {
    /// From the beginning.
    pub(super) fn whole(app: &App, known: Known, reader: RunReader) -> Self {
        let mut frames = vec![events::created(
            &known.told_question(),
            &known.record.conversation.to_string(),
        )];
        let title = known.turn.as_ref().and_then(|turn| turn.title.as_deref());
        if let Some(title) = title {
            let conversation = known.record.conversation.to_string();
            frames.push(events::title(&conversation, title));
        }
        let telling = Telling::new(known.record.message.to_string());
        let prepared = Prepared {
            frames,
            telling,
            reader,
            has_ended: false,
        };
        Self::new(app, known, std::future::ready(Ok(prepared)).boxed())
    }

    /// For a reader that comes back: what was said so far as one, then the rest.
    pub(super) fn again(app: &App, known: Known, reader: RunReader) -> Self {
        let told = known.clone();
        let preparing = async move {
            let (telling, reader, has_ended) = so_far(
                told.record.message.to_string(),
                reader,
                told.run.last_position,
            )
            .await?;
            Ok(Prepared {
                frames: vec![telling.resume(told.state())],
                telling,
                reader,
                has_ended,
            })
        };
        Self::new(app, known, preparing.boxed())
    }

    fn new(app: &App, known: Known, preparing: Preparing) -> Self {
        Self {
            app: app.clone(),
            known,
            state: State::Preparing(preparing),
            has_begun: false,
        }
    }

    fn tell(&mut self, piece: &mut Piece, event: &LoggedEvent) {
        if let State::Telling(telling, _) = &mut self.state {
            for frame in telling.tell(event) {
                write(piece, &frame);
            }
        }
    }

    /// How the end comes to be told.
    fn ending(&self, telling: Telling) -> Ending {
        let (app, known) = (self.app.clone(), self.known.clone());
        async move {
            if let Some(turn) = &known.turn {
                return turn.last_frames(END_WAIT).await;
            }
            let told = finish::from_store(
                &app,
                known.owner,
                known.record.conversation,
                &known.question,
                &telling,
                known.record.message,
            );
            told.await.ok().map(Into::into)
        }
        .boxed()
    }

    fn end(&mut self) {
        if let State::Telling(telling, _) = std::mem::replace(&mut self.state, State::Over) {
            self.state = State::Ending(self.ending(*telling));
        }
    }
}

/// Reads what was said up to a position; tells whether the end was among it.
pub(super) async fn so_far(
    answer: String,
    mut reader: RunReader,
    position: u64,
) -> Result<(Telling, RunReader, bool), DomainError> {
    let mut telling = Telling::new(answer);
    while telling.position() < position {
        match reader.next().await {
            Some(Ok(RunItem::Event(event))) => {
                telling.tell(&event);
            }
            Some(Ok(RunItem::End(event, _))) => {
                telling.tell(&event);
                return Ok((telling, reader, true));
            }
            Some(Ok(RunItem::Notice(_))) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok((telling, reader, true)),
        }
    }
    Ok((telling, reader, false))
}

fn write(piece: &mut Piece, frame: &Frame) {
    piece.write_json(frame.name().as_str(), frame.data());
}

impl Source for GenerationFrames {
    // A log ends, and what a run that goes on has more comes from the network.
    const MAY_NEVER_PAUSE: bool = false;

    fn poll_write(&mut self, piece: &mut Piece, context: &mut Context<'_>) -> Poll<Progress> {
        match &mut self.state {
            State::Over => return Poll::Ready(Progress::Ended),
            State::Preparing(preparing) => match preparing.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Progress::Broken),
                Poll::Ready(Ok(prepared)) => {
                    for frame in &prepared.frames {
                        write(piece, frame);
                    }
                    self.state = State::Telling(Box::new(prepared.telling), prepared.reader);
                    if prepared.has_ended {
                        self.end();
                    }
                }
            },
            State::Telling(_, reader) => match reader.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(RunItem::Event(event)))) => {
                    self.has_begun = true;
                    self.tell(piece, &event);
                }
                Poll::Ready(Some(Ok(RunItem::Notice(_)))) => {}
                Poll::Ready(Some(Ok(RunItem::End(event, _)))) => {
                    self.tell(piece, &event);
                    self.end();
                }
                // The client comes back and goes on.
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Progress::Broken),
            },
            State::Ending(ending) => match ending.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Progress::Broken),
                Poll::Ready(Some(frames)) => {
                    for frame in frames.iter() {
                        write(piece, frame);
                    }
                    self.state = State::Over;
                    return Poll::Ready(Progress::Ended);
                }
            },
        }
        Poll::Ready(Progress::Wrote)
    }

    fn awaits_first(&self) -> bool {
        !self.has_begun
    }

    fn cut(&mut self, _: &mut Piece) -> Progress {
        Progress::Broken
    }
}
