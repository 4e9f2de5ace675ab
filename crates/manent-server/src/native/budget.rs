//! `GET /account/budget`: what one may spend, and spent.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_accounts::limits::Measure;
use manent_protocol::{BudgetAnswer, BudgetMeasure, BudgetResource, Problem};

use super::error::ApiError;
use crate::access::Reading;
use crate::app::App;

/// What one may spend in the present period, and what was spent of it.
#[utoipa::path(get, path = "/account/budget", tag = "accounts",
    responses((status = 200, body = BudgetAnswer), (status = "default", body = Problem)))]
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<BudgetAnswer>, ApiError> {
    let standing = app.accounts()?.upkeep.budgets.standing(owner).await?;
    let budget = standing.map(|(budget, period, standing)| {
        let measure = |measure| BudgetMeasure {
            limit: budget.limits.get(measure),
            used: standing.used.get(measure),
            reserved: standing.reserved.get(measure),
        };
        BudgetResource {
            starts_at: period.starts_at,
            ends_at: period.ends_at,
            generations: measure(Measure::Runs),
            tokens: measure(Measure::Tokens),
            cost: measure(Measure::Cost),
        }
    });
    Ok(JsonAnswer(BudgetAnswer { budget }))
}
