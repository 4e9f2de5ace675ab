//! Starting, reading and stopping runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::completion::CompletionRequest;
use manent_domain::error::DomainError;
use manent_domain::journal::JournalWrite;
use manent_domain::ports::Signal;
use manent_domain::run::{NewRun, RecordTarget, Run};
use manent_types::{ConversationId, MessageStatus, Part, RunId, UserId};
use metrics::counter;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tracing::Span;

use crate::config::RunsConfig;
use crate::driver::{Accepted, Starting, broken_error, drive};
use crate::flusher::Flusher;
use crate::follow::{Follow, cleared};
use crate::hub::{Departure, Entered, Hub};
use crate::live::{Blueprint, CursorPlace, Cut, LiveRun};
use crate::opener;
use crate::ports::RunPorts;
use crate::reader::RunReader;
use crate::reaper;
use crate::watchers::RunKey;

/// How often the end looks whether everything is stored.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long the background work may take to end once it is told to.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What starts a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRun {
    /// Minted by the client or the surface.
    pub id: RunId,
    /// Where the answer goes, if the server keeps it.
    pub record: Option<RecordTarget>,
    /// What the answer begins with, before anything that the provider says; empty: nothing.
    pub retained: Vec<Part>,
    /// What to answer.
    pub request: CompletionRequest,
}

/// A run that was started, or that ran (or had run) already under this id; the reader begins at its beginning.
pub struct Started {
    /// Whether this call started it.
    pub is_new: bool,
    /// Its events.
    pub reader: RunReader,
}

/// A run that was begun without waiting for its provider, or that ran (or had run) already under this id.
pub struct Launched {
    /// Whether this call began it.
    pub is_new: bool,
    /// How it stands.
    pub run: Run,
    /// Its events, from the first.
    pub reader: RunReader,
}

/// A place at a run's log.
pub enum Attachment {
    /// More comes.
    Reader(RunReader),
    /// The cursor is at the end of a run that ended: nothing comes any more.
    AtEnd,
}

/// What begins a run.
pub(crate) struct Plan {
    pub(crate) blueprint: Blueprint,
    pub(crate) retained: Vec<Part>,
    pub(crate) request: CompletionRequest,
}

/// What became of a beginning.
enum Beginning {
    /// It was there.
    Joined(Started),
    /// It is new; whoever wants to know hears when the provider has accepted the request.
    Entered(
        Arc<LiveRun>,
        oneshot::Receiver<Result<Accepted, DomainError>>,
    ),
}

/// Starts, reads and stops runs. Clones share one.
#[derive(Clone)]
pub struct RunService {
    hub: Arc<Hub>,
}

impl RunService {
    /// A service over these ports. Spawns its background work (storing, finding dead runs, clearing logs) on the current runtime; end it with
    /// [`Self::shut_down`].
    pub fn new(ports: RunPorts, config: RunsConfig) -> Self {
        let hub = Arc::new(Hub::new(ports, config));
        hub.tasks.spawn(Flusher::new(Arc::clone(&hub)).run());
        hub.tasks.spawn(reaper::run(Arc::clone(&hub)));
        Self { hub }
    }

    /// Starts a run, or attaches to the one with this id. Returns when the provider has accepted the request.
    ///
    /// The provider is asked once the run is registered, so that an id that has a run elsewhere never costs twice; but it waits for that at most
    /// [`RunsConfig::registration_wait`], and not at all while the store is known to be slow. An existing run that is found later than that takes the
    /// place of this one when nobody has read from it, and the provider's call is cancelled; else this one goes on and is not kept, since what was
    /// shown cannot be taken back.
    ///
    /// # Errors
    /// As [`manent_domain::services::CompletionService::start`] (the run is registered as failed then, unless the request itself was
    /// invalid); a conversation to record into that is not the owner's; [`DomainError::Overloaded`]; as [`manent_domain::ports::Admission::admit`],
    /// when nothing has this id already.
    pub async fn start(&self, owner: UserId, run: StartRun) -> Result<Started, DomainError> {
        let (plan, wait) = self.plan(owner, run);
        self.begin(plan, wait).await
    }

    /// As [`Self::start`], but returns as soon as the run can be read. That the provider did not take the request is told by the run's end then.
    ///
    /// # Errors
    /// An invalid request, [`DomainError::Overloaded`], or as [`manent_domain::ports::Admission::admit`].
    pub async fn launch(&self, owner: UserId, run: StartRun) -> Result<Launched, DomainError> {
        let (plan, wait) = self.plan(owner, run);
        self.begin_launch(plan, wait).await
    }

    fn plan(&self, owner: UserId, run: StartRun) -> (Plan, Option<Duration>) {
        let started_at = self.hub.ports.clock.now();
        let node = self.hub.ports.node;
        let begin = JournalWrite::BeginRun(NewRun {
            id: run.id,
            node,
            record: run.record,
            started_at,
        });
        let blueprint = Blueprint {
            owner,
            id: run.id,
            node,
            record: run.record,
            started_at,
            steps: vec![begin],
        };
        let plan = Plan {
            blueprint,
            retained: run.retained,
            request: run.request,
        };
        (plan, self.hub.gate.wait(Instant::now()))
    }

    /// Begins what is planned, or attaches to what has its id. Returns when the provider has accepted the request.
    pub(crate) async fn begin(
        &self,
        plan: Plan,
        registration_wait: Option<Duration>,
    ) -> Result<Started, DomainError> {
        let (run, acceptance) = match self.enter(plan, registration_wait).await? {
            Beginning::Joined(started) => return Ok(started),
            Beginning::Entered(run, acceptance) => (run, acceptance),
        };
        match acceptance.await.map_err(|_| broken_error())?? {
            Accepted::Running => Ok(Started {
                is_new: true,
                reader: Follow::memory(&self.hub, run, 0).into_reader(),
            }),
            Accepted::Redirected => self.join_stored(run.key()).await,
        }
    }

    /// Begins what is planned, or attaches to what has its id. Returns when it can be read.
    pub(crate) async fn begin_launch(
        &self,
        plan: Plan,
        registration_wait: Option<Duration>,
    ) -> Result<Launched, DomainError> {
        let (owner, id) = (plan.blueprint.owner, plan.blueprint.id);
        match self.enter(plan, registration_wait).await? {
            Beginning::Joined(started) => Ok(Launched {
                is_new: false,
                run: self.find(owner, id).await?,
                reader: started.reader,
            }),
            Beginning::Entered(run, _) => Ok(Launched {
                is_new: true,
                run: run.as_run(self.hub.ports.clock.now()),
                reader: Follow::memory(&self.hub, run, 0).into_reader(),
            }),
        }
    }

    async fn enter(
        &self,
        plan: Plan,
        registration_wait: Option<Duration>,
    ) -> Result<Beginning, DomainError> {
        let Plan {
            blueprint,
            retained,
            request,
        } = plan;
        let key = (blueprint.owner, blueprint.id);
        if let Some(known) = self.hub.find(key) {
            return self.join(known).await.map(Beginning::Joined);
        }
        self.hub.ports.completions.check(&request)?;
        let admission = &self.hub.ports.admission;
        let admitted = match admission.admit(key.0, key.1, &request).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                let joined = self.join_anywhere(key).await;
                return joined.map(Beginning::Joined).ok_or(refused);
            }
        };
        // Without a budget, a run that is elsewhere is found by its registration.
        if admitted.is_repeated()
            && let Some(started) = self.join_anywhere(key).await
        {
            return Ok(Beginning::Joined(started));
        }
        let run = match self.hub.enter(blueprint)? {
            Entered::Known(known) => return self.join(known).await.map(Beginning::Joined),
            Entered::New(run) => run,
        };
        opener::spawn(&self.hub, &run, false);
        let (accepted, acceptance) = oneshot::channel();
        self.hub.tasks.spawn(drive(
            Arc::clone(&self.hub),
            Arc::clone(&run),
            request,
            registration_wait,
            Starting {
                admitted,
                retained,
                accepted,
            },
            Span::current(),
        ));
        Ok(Beginning::Entered(run, acceptance))
    }

    async fn join(&self, run: Arc<LiveRun>) -> Result<Started, DomainError> {
        if run.has_given_way() {
            return self.join_stored(run.key()).await;
        }
        counter!("manent_run_attaches_total", "from" => "memory").increment(1);
        Ok(Started {
            is_new: false,
            reader: Follow::memory(&self.hub, run, 0).into_reader(),
        })
    }

    async fn join_stored(&self, key: RunKey) -> Result<Started, DomainError> {
        let attachment = self.attach_stored(key.0, key.1, 0).await?;
        let reader = match attachment {
            Attachment::Reader(reader) => reader,
            Attachment::AtEnd => Follow::store(&self.hub, key, 0).into_reader(),
        };
        Ok(Started {
            is_new: false,
            reader,
        })
    }

    /// The run with this id, if it runs or ran already: whoever asks for it again is not refused, since nothing begins.
    async fn join_anywhere(&self, key: RunKey) -> Option<Started> {
        match self.hub.find(key) {
            Some(known) => self.join(known).await.ok(),
            None => self.join_stored(key).await.ok(),
        }
    }

    /// The run with this id in this process, unless another one is to be read in its place.
    fn find_here(&self, key: RunKey) -> Option<Arc<LiveRun>> {
        self.hub.find(key).filter(|run| !run.has_given_way())
    }

    /// Waits until a run of this process is in the store or in the journal, or known never to be; not longer than an answer's end does.
    pub(crate) async fn wait_until_safe(&self, key: RunKey) {
        if let Some(run) = self.hub.find(key) {
            let safe = run.wait_for(|| run.is_safe().then_some(()));
            // What comes of it later is in the message.
            drop(timeout(self.hub.config.join_wait, safe).await);
        }
    }

    /// What this process needs of its world, for turns.
    pub(crate) fn ports(&self) -> &RunPorts {
        &self.hub.ports
    }

    /// The run's events after a position, wherever it runs or ran. 0 begins at the beginning.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], [`DomainError::CursorAhead`], [`DomainError::RunLogCleared`], or the store failed.
    pub async fn attach(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
    ) -> Result<Attachment, DomainError> {
        let Some(run) = self.find_here((owner, id)) else {
            return self.attach_stored(owner, id, after).await;
        };
        match run.place_of(after) {
            CursorPlace::Ahead => Err(DomainError::CursorAhead),
            CursorPlace::AtEnd => Ok(Attachment::AtEnd),
            CursorPlace::Inside => {
                counter!("manent_run_attaches_total", "from" => "memory").increment(1);
                let reader = Follow::memory(&self.hub, run, after).into_reader();
                Ok(Attachment::Reader(reader))
            }
        }
    }

    async fn attach_stored(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
    ) -> Result<Attachment, DomainError> {
        let run = self.find_stored(owner, id).await?;
        if run.log_cleared {
            return Err(cleared(&run));
        }
        if run.status != MessageStatus::Running {
            if after > run.last_position {
                return Err(DomainError::CursorAhead);
            }
            if after == run.last_position {
                return Ok(Attachment::AtEnd);
            }
        }
        counter!("manent_run_attaches_total", "from" => "store").increment(1);
        let reader = Follow::store(&self.hub, (owner, id), after).into_reader();
        Ok(Attachment::Reader(reader))
    }

    /// Asks a run to stop, wherever it runs; one that ended stays as it is. A run of this process has stopped when this returns.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], or the store failed (a run of this process stops all the same).
    pub async fn stop(&self, owner: UserId, id: RunId) -> Result<Run, DomainError> {
        if let Some(run) = self.find_here((owner, id)) {
            run.cut(Cut::Stopped);
            run.wait_for_end().await;
            if run.why_cut() != Some(Cut::Redirected) {
                let stored = run.wait_for(|| run.is_safe().then_some(()));
                // Not stored in time: it has stopped all the same, and its readers are told what is kept.
                drop(timeout(self.hub.config.store_wait, stored).await);
                return Ok(run.as_run(self.hub.ports.clock.now()));
            }
        }
        let now = self.hub.ports.clock.now();
        let stop = self.hub.ports.runs.request_stop(owner, id, now);
        self.hub.write(stop).await?.ok_or(DomainError::RunNotFound)
    }

    /// How a run stands.
    ///
    /// # Errors
    /// [`DomainError::RunNotFound`], or the store failed.
    pub async fn find(&self, owner: UserId, id: RunId) -> Result<Run, DomainError> {
        match self.find_here((owner, id)) {
            Some(run) if run.why_cut() != Some(Cut::Redirected) => {
                Ok(run.as_run(self.hub.ports.clock.now()))
            }
            _ => self.find_stored(owner, id).await,
        }
    }

    /// The run that began last of those whose answers go into this conversation, wherever it runs or ran. One that runs here is told without
    /// asking the store.
    ///
    /// # Errors
    /// When nothing of it runs here and the store failed.
    pub async fn newest_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, DomainError> {
        let now = self.hub.ports.clock.now();
        let here = self.runs_here(owner).into_iter();
        let here = here
            .filter(|run| run.record.is_some_and(|to| to.conversation == conversation))
            .map(|run| run.as_run(now))
            .max_by_key(|run| (run.started_at, run.id));
        if let Some(run) = &here
            && run.status == MessageStatus::Running
        {
            return Ok(here);
        }
        let newest = self.hub.ports.runs.newest_run_of(owner, conversation);
        let stored = match self.hub.read(newest).await {
            Ok(stored) => stored,
            // What is known here is better than nothing.
            Err(_) if here.is_some() => return Ok(here),
            Err(error) => return Err(error.into()),
        };
        Ok(match (here, stored) {
            (Some(here), Some(stored))
                if (stored.started_at, stored.id) > (here.started_at, here.id) =>
            {
                Some(stored)
            }
            (here, stored) => here.or(stored),
        })
    }

    /// The owner's running runs, wherever they run, at most so many of other processes.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, DomainError> {
        let now = self.hub.ports.clock.now();
        let here = self.runs_here(owner);
        let stored = self.hub.ports.runs.running_of(owner, limit);
        let stored = self.hub.read(stored).await?;
        let is_here = |run: &Run| here.iter().any(|known| known.id == run.id);
        let mut running: Vec<Run> = stored.into_iter().filter(|run| !is_here(run)).collect();
        let mine = here.iter().filter(|run| !run.has_ended());
        running.extend(mine.map(|run| run.as_run(now)));
        Ok(running)
    }

    /// The owner's runs of this process that nothing takes the place of, ended ones too.
    fn runs_here(&self, owner: UserId) -> Vec<Arc<LiveRun>> {
        let mut runs = self.hub.all();
        runs.retain(|run| {
            run.owner == owner && !run.has_given_way() && run.why_cut() != Some(Cut::Redirected)
        });
        runs
    }

    async fn find_stored(&self, owner: UserId, id: RunId) -> Result<Run, DomainError> {
        let find = self.hub.ports.runs.find_run(owner, id);
        self.hub.read(find).await?.ok_or(DomainError::RunNotFound)
    }

    /// A store told that something went on: wakes readers and looks for stop requests.
    pub fn signal(&self, signal: Signal) {
        match signal {
            Signal::Feed(_) => {}
            Signal::Run(owner, id) => match self.hub.find((owner, id)) {
                Some(run) => run.with_state(false, |state| state.storing.ask()),
                None => self.hub.watchers.wake((owner, id)),
            },
            Signal::All => {
                self.hub.watchers.wake_all();
                for run in self.hub.all() {
                    run.with_state(false, |state| state.storing.ask());
                }
            }
        }
    }

    /// Whose runs this process carries.
    pub fn owners(&self) -> BTreeSet<UserId> {
        let live = self.hub.all().into_iter();
        live.filter(|run| !run.has_ended())
            .map(|run| run.owner)
            .collect()
    }

    /// Before an owner is deleted: from now on no run of theirs brings anything back that the store does not have any more.
    pub fn owner_leaves(&self, owner: UserId) {
        self.hub.set_departure(owner, Some(Departure::Leaving));
    }

    /// The owner was not deleted after all.
    pub fn owner_stays(&self, owner: UserId) {
        self.hub.set_departure(owner, None);
    }

    /// Stops every run of an owner in this process, without waiting for it: the owner is gone.
    pub fn stop_all_of(&self, owner: UserId) {
        self.hub.set_departure(owner, Some(Departure::Gone));
        for run in self.hub.all() {
            if run.owner == owner && !run.has_ended() {
                run.cut(Cut::Stopped);
            }
        }
    }

    /// How many runs this process carries.
    pub fn running(&self) -> usize {
        self.hub.running()
    }

    /// Takes no new runs, lets the running ones finish for so long, ends the rest as interrupted, stores everything (or journals it) and
    /// ends the background work. Takes at most `grace`, [`RunsConfig::store_wait`] and a second.
    pub async fn shut_down(&self, grace: Duration) {
        let hub = &self.hub;
        hub.close();
        drop(timeout(grace, self.wait_until_idle()).await);
        for run in hub.all() {
            run.cut(Cut::Interrupted);
        }
        let unsaved = async {
            self.wait_until_idle().await;
            while self.unsaved() > 0 {
                sleep(LOOK_AGAIN).await;
            }
        };
        if timeout(hub.config.store_wait, unsaved).await.is_err() {
            let lost = self.unsaved();
            tracing::error!(lost, "the server stops before all its runs could be stored");
        }
        hub.stopping.cancel();
        hub.tasks.close();
        drop(timeout(LAST_WAIT, hub.tasks.wait()).await);
    }

    async fn wait_until_idle(&self) {
        loop {
            let ended = self.hub.one_ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.hub.running() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// How many runs are neither in the store nor in the journal.
    fn unsaved(&self) -> usize {
        self.hub.all().iter().filter(|run| !run.is_safe()).count()
    }
}
