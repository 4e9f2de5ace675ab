//! All surfaces in one router, under the layers that every request passes.

use std::any::Any;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_swagger_ui::SwaggerUi;

use crate::access;
use crate::app::App;
use crate::http::{guard, headers, sign_in_switch, stopping, trace};
use crate::librechat::{self, client};
use crate::native::{self, ApiError};
use crate::oidc;

pub(crate) fn router(app: App) -> Router {
    let ids = Arc::clone(&app.ids);
    let name = (app.public_name.clone(), app.allowed_origins.clone());
    let cross_origin = option_layer(app.allowed_origins.layer());
    let over_tls = app.public_name.over_tls();
    let stop = app.stopping.begun.clone();
    let switch = app.sign_in_switch.clone();
    let gate = (app.gate.clone(), app.addresses.clone());
    let (described, document) = native::described_routes(|native| {
        let native = native.layer(middleware::from_fn_with_state(gate, access::admit));
        match &switch {
            Some(switch) => native.layer(middleware::from_fn_with_state(
                switch.clone(),
                sign_in_switch::refuse_signed_out,
            )),
            None => native,
        }
    })
    .split_for_parts();
    let pages = app.librechat.as_ref();
    let pages = pages.and_then(|surface| surface.client.clone());
    let pages = pages.map(|client| middleware::from_fn_with_state(client, client::pages_first));
    let testing = switch.map_or_else(Router::new, |switch| {
        Router::new().route(sign_in_switch::PATH, switch.route())
    });
    let librechat = if app.librechat.is_some() {
        librechat::router(app.gate.clone(), app.addresses.clone())
    } else {
        Router::new()
    };
    // What is refused before a surface is reached.
    let refusals = app
        .librechat
        .is_some()
        .then(|| middleware::from_fn(librechat::translate_under_prefix));
    described
        .merge(testing)
        .merge(oidc::routes(&app))
        .merge(librechat)
        .merge(SwaggerUi::new("/docs").url("/openapi.json", native::finished(document)))
        .fallback(client::serve)
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(option_layer(pages))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(middleware::from_fn_with_state(
            stop,
            stopping::refuse_when_stopping,
        ))
        .layer(cross_origin)
        .layer(middleware::from_fn_with_state(name, guard::guard))
        .layer(option_layer(refusals))
        .layer(middleware::from_fn_with_state(ids, trace::trace))
        .layer(middleware::from_fn_with_state(over_tls, headers::protect))
        .with_state(app)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn on_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
