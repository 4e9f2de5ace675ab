//! Which provider answers for which endpoint, under LibreChat's names.

use std::sync::Arc;

use super::LibreChatLayer;
use crate::config::{Config, EndpointBinding, LibreChatConfig};
use crate::origin::Origin;
use crate::problem::Problem;

/// The demonstration's id.
const DEMO: &str = "demo";

/// Binds every provider to an endpoint, and takes out the model specs that have none. Call it when the providers are complete.
pub(crate) fn bind(config: &mut Config, layer: LibreChatLayer) -> Vec<Problem> {
    if !config.librechat.is_served() {
        return Vec::new();
    }
    let named = |id: &str| {
        let draft = layer.providers.iter().find(|draft| draft.id == id);
        draft.map_or_else(|| usual_name(id), |draft| draft.endpoint.clone())
    };
    let ids = config.providers.iter().map(|provider| provider.id.as_str());
    let demo = config.is_demo().then_some(DEMO);
    let mut endpoints: Vec<EndpointBinding> = ids
        .chain(demo)
        .map(|id| EndpointBinding {
            endpoint: named(id),
            provider: id.to_owned(),
        })
        .collect();
    let order = |binding: &EndpointBinding| {
        let drafts = layer.providers.iter();
        let mut written = drafts.map(|draft| draft.endpoint.as_str());
        written.position(|name| name == binding.endpoint)
    };
    endpoints.sort_by_key(|binding| order(binding).unwrap_or(usize::MAX));
    let mut client = Arc::unwrap_or_clone(layer.client);
    let mut problems = Vec::new();
    let is_there = |name: &str| endpoints.iter().any(|binding| binding.endpoint == name);
    for spec in client.model_specs.keep_endpoints(is_there) {
        let message = format!("the model spec {spec} is left out: its endpoint is not there");
        let origin = Origin::LibreChat {
            path: "modelSpecs".to_owned(),
            line: None,
        };
        problems.push(Problem::warning(origin, message));
    }
    config.librechat = LibreChatConfig {
        enabled: true,
        endpoints,
        client: Arc::new(client),
        ..config.librechat.clone()
    };
    problems
}

/// How LibreChat calls the two makers that it has itself.
fn usual_name(id: &str) -> String {
    match id {
        "openai" => "openAI".to_owned(),
        other => other.to_owned(),
    }
}
