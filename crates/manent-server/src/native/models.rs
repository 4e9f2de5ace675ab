//! `GET /models`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_protocol::{DefaultModel, ModelList, ModelResource};

use crate::access::Reading;
use crate::app::App;

/// What is configured, the default first.
#[utoipa::path(get, path = "/models", tag = "completion", responses((status = 200, body = ModelList)))]
pub(super) async fn list(State(app): State<App>, _: Reading) -> JsonAnswer<ModelList> {
    let models: Vec<ModelResource> = app
        .completions
        .models()
        .into_iter()
        .enumerate()
        .map(|(index, model)| ModelResource {
            provider: model.provider,
            model: model.model,
            name: model.name,
            default: index == 0,
            vision: model.vision,
            reasoning: model.reasoning,
            context_window: model.context_window,
        })
        .collect();
    let default = models.first().map(|model| DefaultModel {
        provider: model.provider.clone(),
        model: model.model.clone(),
    });
    JsonAnswer(ModelList {
        models,
        default,
        demo: app.demo,
    })
}
