//! `/api/endpoints`, `/api/models`: whom the client can ask.

use axum::Json as JsonAnswer;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use crate::access::Reading;
use crate::app::App;

/// The endpoints in the order of the menu. There are no agents and no assistants, so the client asks for none.
pub(super) async fn list(
    State(app): State<App>,
    _: Reading,
) -> Result<JsonAnswer<Map<String, Value>>, Refusal> {
    let surface = app.librechat()?;
    let endpoints = surface.endpoints.iter().enumerate();
    Ok(JsonAnswer(
        endpoints
            .map(|(order, endpoint)| (endpoint.name.clone(), endpoint.public(order)))
            .collect(),
    ))
}

/// The models of each endpoint.
pub(super) async fn models(
    State(app): State<App>,
    _: Reading,
) -> Result<JsonAnswer<Map<String, Value>>, Refusal> {
    let surface = app.librechat()?;
    let known = app.completions.models();
    let endpoints = surface.endpoints.iter().map(|endpoint| {
        let models = known.iter();
        let models: Vec<&str> = models
            .filter(|model| model.provider == endpoint.provider)
            .map(|model| model.model.as_str())
            .collect();
        (endpoint.name.clone(), json!(models))
    });
    Ok(JsonAnswer(endpoints.collect()))
}

/// What the models take and cost, as far as it is known.
pub(super) async fn token_config(
    State(app): State<App>,
    _: Reading,
) -> Result<JsonAnswer<Map<String, Value>>, Refusal> {
    let surface = app.librechat()?;
    let mut answer = Map::new();
    for model in app.completions.models() {
        let Some(endpoint) = surface.endpoint_of(&model.provider) else {
            continue;
        };
        let rates = endpoint.rates(&model.model, model.context_window);
        if rates.is_empty() {
            continue;
        }
        let of_endpoint = answer
            .entry(endpoint.name.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        of_endpoint[&model.model] = Value::Object(rates);
    }
    Ok(JsonAnswer(answer))
}
