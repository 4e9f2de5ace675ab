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
use manent_domain::ports::{Admission, Admitted, Clock, PriceList, StoreError};
use manent_domain::price::ModelPrice;
use manent_domain::services::CompletionService;
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

/// What people may spend, and what that is counted with.
#[derive(Clone)]
pub(crate) struct Spending {
    /// The budgets.
    pub(crate) budgets: BudgetService,
    /// Who knows which model answers.
    pub(crate) completions: CompletionService,
    /// What it costs.
    pub(crate) prices: Arc<dyn PriceList>,
}

impl Spending {
    /// What the model that is asked for costs; nothing is refused for its price where no money is counted.
    fn price(&self, request: &CompletionRequest) -> Result<ModelPrice, DomainError> {
        let (provider, model) = self.completions.resolved(&request.settings)?;
        match self.prices.price(&provider, &model) {
            Some(price) => Ok(price),
            None if self.budgets.limits_cost() => {
                Err(DomainError::ModelWithoutPrice { provider, model })
            }
            None => Ok(ModelPrice::FREE),
        }
    }
}

/// Lets generations begin. Clones share one.
#[derive(Clone)]
pub(crate) struct GenerationLimits(Arc<Parts>);

struct Parts {
    rates: Rates,
    /// How many of one person at once.
    at_once: Option<u32>,
    running: Mutex<Running>,
    spending: Option<Spending>,
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
        spending: Option<Spending>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Parts {
            rates,
            at_once,
            running: Mutex::default(),
            spending: spending.filter(|spending| spending.budgets.is_limited()),
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
    ) -> Result<Option<Held>, DomainError> {
        let Some(spending) = &self.0.spending else {
            return Ok(None);
        };
        let price = spending.price(request)?;
        let budgets = spending.budgets.clone();
        let (limits, wanted) = (self.clone(), estimate(request, price));
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
            Ok(Ok(Ok(reserved))) => Ok(Some(Held { reserved, price })),
            Ok(Ok(Err(AccountError::Budget(exceeded)))) => {
                let limit = exceeded.limit;
                let what = match exceeded.measure {
                    Measure::Runs => format!("{limit} answers"),
                    Measure::Tokens => format!("{limit} tokens"),
                    Measure::Cost => {
                        format!("{}.{:06} US dollars", limit / 1_000_000, limit % 1_000_000)
                    }
                };
                Err(DomainError::LimitReached {
                    code: "budget_exceeded",
                    detail: format!(
                        "your budget of {what} is used up, or this would be more than is left of it; it is renewed at {}",
                        exceeded.renews_at
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
        let Some(spending) = &self.0.spending else {
            return;
        };
        let budgets = spending.budgets.clone();
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
            held: None,
            is_accepted: false,
            used: Used::new(request),
        };
        ticket.held = self.reserve(owner, run, request).await?;
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

/// A reservation, with the price that it was made at.
struct Held {
    reserved: Reserved,
    price: ModelPrice,
}

/// A generation that was let in.
struct Ticket {
    place: Place,
    /// Until the provider is asked.
    rate: Option<TakenGeneration>,
    held: Option<Held>,
    is_accepted: bool,
    used: Used,
}

impl Admitted for Ticket {
    fn is_repeated(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.reserved == Reserved::Held)
    }

    fn asked(&mut self) {
        self.rate = None;
    }

    fn accepted(&mut self, provider: &str, model: &str) {
        self.is_accepted = true;
        // Which model answers may have changed since it was asked for.
        if let (Some(held), Some(spending)) = (&mut self.held, &self.place.limits.0.spending)
            && let Some(price) = spending.prices.price(provider, model)
        {
            held.price = price;
        }
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
        let Some(held) = &self.held else {
            return;
        };
        match (held.reserved, self.is_accepted) {
            (_, true) => limits.settle(*owner, *run, self.used.amounts(held.price)),
            // Whoever made the reservation settles it.
            (Reserved::Held, false) => {}
            (Reserved::New, false) => limits.settle(*owner, *run, Amounts::default()),
        }
    }
}
