//! The routes of the native surface.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{append, conversations, feed, generate, messages, models, runs, search, turns};
use crate::app::App;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(conversations::create))
        .routes(routes!(conversations::list))
        .routes(routes!(
            conversations::get,
            conversations::update,
            conversations::trash
        ))
        .routes(routes!(conversations::restore))
        .routes(routes!(messages::list))
        .routes(routes!(messages::get))
        .routes(routes!(append::append))
        .routes(routes!(generate::generate))
        .routes(routes!(runs::attach))
        .routes(routes!(runs::status))
        .routes(routes!(runs::stop))
        .routes(routes!(turns::start))
        .routes(routes!(feed::follow))
        .routes(routes!(models::list))
        .routes(routes!(search::search))
}
