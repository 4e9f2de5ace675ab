//! Which generations may begin: how many at once, in a minute, and in a period.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use manent_accounts::AccountError;
use manent_accounts::limits::{Amounts, Measure};
use manent_accounts::services::{BudgetService, Reserved};
use manent_domain::completion::{CompletionEvent, CompletionRequest};
use manent_domain::error::DomainError;
use manent_domain::ports::{Admission, Admitted, Clock, StoreError};
use manent_types::{RunId, Timestamp, UserId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::rates::{Rates, TakenGeneration};
use super::used::{Used, estimate};

/// How long a generation waits for its budget. Then it is refused; see decision 45.
const BUDGET_WAIT: Duration = Duration::from_secs(2);

/// How long noting what was used may take. What was not noted is settled later, with what was reserved.
const SETTLE_WAIT: Duration = Duration::from_secs(10);

/// When it is worth asking again after too many ran at once.
const SOON: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// From where the request comes that is being answered.
    static ADDRESS: Option<IpAddr>;
}

/// Answers a request, and lets whatever it begins be counted for this address.
pub(crate) async fn from_address<F: Future>(address: Option<IpAddr>, answering: F) -> F::Output {
    ADDRESS.scope(address, answering).await
}

/// Lets generations begin. Clones share one.
#[derive(Clone)]
pub(crate) struct GenerationLimits(Arc<Parts>);

struct Parts {
    rates: Rates,
    /// How many of one person at once.
    at_once: Option<u32>,
    running: Mutex<Running>,
    budgets: Option<BudgetService>,
    clock: Arc<dyn Clock>,
    /// In which what was used is noted.
    tasks: TaskTracker,
    runtime: Handle,
}

/// How often each generation of each person was let in here: a retry of one that begins is the same.
type Running = HashMap<UserId, HashMap<RunId, u32>>;

impl GenerationLimits {
    /// Limits over the budgets, where there are any. To be called inside the runtime.
    pub(crate) fn new(
        rates: Rates,
        at_once: Option<u32>,
        budgets: Option<BudgetService>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Parts {
            rates,
            at_once,
            running: Mutex::default(),
            budgets: budgets.filter(BudgetService::is_limited),
            clock,
            tasks,
            runtime: Handle::current(),
        }))
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        let running = &self.0.running;
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the places of its owner.
    fn enter(&self, owner: UserId, run: RunId) -> Result<Place, DomainError> {
        let mut running = self.running();
        let of_owner = running.entry(owner).or_default();
        if let Some(limit) = self.0.at_once
            && !of_owner.contains_key(&run)
            && of_owner.len() >= usize::try_from(limit).unwrap_or(usize::MAX)
        {
            return Err(DomainError::LimitReached {
                code: "too_many_at_once",
                detail: format!(
                    "as many answers as one may have at once ({limit}) are being made for you already; wait for one of them, or stop it"
                ),
                retry_after: SOON,
            });
        }
        *of_owner.entry(run).or_default() += 1;
        Ok(Place {
            limits: self.clone(),
            owner,
            run,
        })
    }

    /// Reserves what the request may cost at most.
    async fn reserve(
        &self,
        owner: UserId,
        run: RunId,
        request: &CompletionRequest,
    ) -> Result<Option<Reserved>, DomainError> {
        let Some(budgets) = self.0.budgets.clone() else {
            return Ok(None);
        };
        let (limits, wanted) = (self.clone(), estimate(request));
        let (done, reserved) = oneshot::channel();
        let reserving = async move {
            let reserved = budgets.reserve(owner, run, wanted).await;
            // Nobody waits for it any more: what was reserved is given back.
            if let Err(Ok(Reserved::New)) = done.send(reserved) {
                limits.settle(owner, run, Amounts::default());
            }
        };
        self.0.tasks.spawn_on(reserving, &self.0.runtime);
        match timeout(BUDGET_WAIT, reserved).await {
            Ok(Ok(Ok(reserved))) => Ok(Some(reserved)),
            Ok(Ok(Err(AccountError::Budget(exceeded)))) => {
                let what = match exceeded.measure {
                    Measure::Runs => "answers",
                    Measure::Tokens => "tokens",
                    Measure::Cost => "cost",
                };
                Err(DomainError::LimitReached {
                    code: "budget_exceeded",
                    detail: format!(
                        "your budget of {} {what} is used up, or this would be more than is left of it; it is renewed at {}",
                        exceeded.limit, exceeded.renews_at
                    ),
                    retry_after: until(exceeded.renews_at, self.0.clock.now()),
                })
            }
            Ok(Ok(Err(AccountError::Store(error)))) => Err(error.into()),
            Ok(Ok(Err(other))) => Err(DomainError::Store(StoreError::Internal {
                detail: other.to_string(),
            })),
            Ok(Err(_)) | Err(_) => Err(DomainError::Store(StoreError::Busy {
                detail: "the budget could not be asked in time".to_owned(),
            })),
        }
    }

    /// Notes what was used, beside everything else.
    fn settle(&self, owner: UserId, run: RunId, used: Amounts) {
        let Some(budgets) = self.0.budgets.clone() else {
            return;
        };
        let settling = async move {
            let settling = timeout(SETTLE_WAIT, budgets.settle(owner, run, used));
            if !matches!(settling.await, Ok(Ok(()))) {
                tracing::warn!(%run, "what an answer used could not be noted; it counts as what was reserved");
            }
        };
        self.0.tasks.spawn_on(settling, &self.0.runtime);
    }
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    let left = then.as_millisecond().saturating_sub(now.as_millisecond());
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

#[async_trait]
impl Admission for GenerationLimits {
    async fn admit(
        &self,
        owner: UserId,
        run: RunId,
        request: &CompletionRequest,
    ) -> Result<Box<dyn Admitted>, DomainError> {
        let place = self.enter(owner, run)?;
        let address = ADDRESS.try_with(|address| *address).ok().flatten();
        let mut ticket = Ticket {
            rate: Some(self.0.rates.generation(owner, address)?),
            place,
            reserved: None,
            is_accepted: false,
            used: Used::new(request),
        };
        ticket.reserved = self.reserve(owner, run, request).await?;
        Ok(Box::new(ticket))
    }
}

/// One of the places that a person has at once; dropped when it is free again.
struct Place {
    limits: GenerationLimits,
    owner: UserId,
    run: RunId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.limits.running();
        let Some(of_owner) = running.get_mut(&self.owner) else {
            return;
        };
        if let Some(count) = of_owner.get_mut(&self.run) {
            *count -= 1;
            if *count == 0 {
                of_owner.remove(&self.run);
            }
        }
        if of_owner.is_empty() {
            running.remove(&self.owner);
        }
    }
}

/// A generation that was let in.
struct Ticket {
    place: Place,
    /// Until the provider is asked.
    rate: Option<TakenGeneration>,
    reserved: Option<Reserved>,
    is_accepted: bool,
    used: Used,
}

impl Admitted for Ticket {
    fn is_repeated(&self) -> bool {
        self.reserved == Some(Reserved::Held)
    }

    fn asked(&mut self) {
        self.rate = None;
    }

    fn accepted(&mut self) {
        self.is_accepted = true;
    }

    fn note(&mut self, event: &CompletionEvent) {
        self.used.note(event);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(rate) = self.rate.take() {
            rate.put_back();
        }
        let Place { limits, owner, run } = &self.place;
        match (self.reserved, self.is_accepted) {
            (Some(_), true) => limits.settle(*owner, *run, self.used.amounts()),
            // Whoever made the reservation settles it.
            (Some(Reserved::Held), false) | (None, _) => {}
            (Some(Reserved::New), false) => limits.settle(*owner, *run, Amounts::default()),
        }
    }
}
