//! A provider that says what a test tells it to say, when it tells it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream;
use manent_domain::completion::{
    CompletionEvent, CompletionStream, FinishReason, ModelDescription, ProviderError,
    ProviderRequest,
};
use manent_domain::ports::CompletionProvider;
use tokio::sync::{Notify, mpsc};

type Said = Result<CompletionEvent, ProviderError>;

/// The provider.
#[derive(Default)]
pub(crate) struct Puppet {
    calls: AtomicUsize,
    cancelled: Arc<AtomicUsize>,
    /// For each call to come: its stream, or an error before the first byte.
    scripts: Mutex<VecDeque<Result<mpsc::UnboundedReceiver<Said>, ProviderError>>>,
    /// While set, calls hang before they are accepted.
    held: Mutex<Option<Arc<Notify>>>,
}

/// The other end of one call's stream. Dropped: the stream ends there.
pub(crate) struct Voice(mpsc::UnboundedSender<Said>);

impl Puppet {
    /// How often it was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many streams were dropped before their end.
    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// The next call gets a stream that this voice speaks.
    pub(crate) fn expect_call(&self) -> Voice {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.scripts.lock().unwrap().push_back(Ok(receiver));
        Voice(sender)
    }

    /// The next call fails before its first byte.
    pub(crate) fn expect_failure(&self, error: ProviderError) {
        self.scripts.lock().unwrap().push_back(Err(error));
    }

    /// Calls hang until the answer is notified.
    pub(crate) fn hold(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        *self.held.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }
}

impl Voice {
    pub(crate) fn say(&self, text: &str) {
        self.event(Ok(CompletionEvent::Text(text.to_owned())));
    }

    pub(crate) fn fail(&self, error: ProviderError) {
        self.event(Err(error));
    }

    pub(crate) fn done(&self) {
        self.event(Ok(CompletionEvent::Done(FinishReason::Stop)));
    }

    /// Nobody may listen any more.
    pub(crate) fn event(&self, said: Said) {
        drop(self.0.send(said));
    }
}

struct CountCancelled {
    cancelled: Arc<AtomicUsize>,
    is_over: bool,
}

impl Drop for CountCancelled {
    fn drop(&mut self) {
        if !self.is_over {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl CompletionProvider for Puppet {
    fn id(&self) -> &'static str {
        "puppet"
    }

    fn models(&self) -> Vec<ModelDescription> {
        vec![ModelDescription {
            provider: "puppet".to_owned(),
            model: "m".to_owned(),
            name: "M".to_owned(),
            vision: None,
            reasoning: None,
            context_window: None,
        }]
    }

    fn is_limited_to_listed_models(&self) -> bool {
        true
    }

    async fn stream(&self, _: ProviderRequest) -> Result<CompletionStream, ProviderError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let held = self.held.lock().unwrap().clone();
        if let Some(gate) = held {
            gate.notified().await;
        }
        let script = self.scripts.lock().unwrap().pop_front();
        let receiver = script.expect("a call that the test expects")?;
        let count = CountCancelled {
            cancelled: Arc::clone(&self.cancelled),
            is_over: false,
        };
        let said = stream::unfold((receiver, count), |(mut receiver, mut count)| async {
            let next = receiver.recv().await;
            count.is_over =
                !matches!(next, Some(Ok(ref event)) if !matches!(event, CompletionEvent::Done(_)));
            next.map(|next| (next, (receiver, count)))
        });
        Ok(Box::pin(said))
    }
}
