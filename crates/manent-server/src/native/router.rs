//! The routes of the native surface.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin;
use super::{
    account, append, auth, budget, conversations, feed, generate, keys, messages, models,
    provider_keys, recovery, runs, search, turns, two_factor,
};
use crate::app::App;

/// The routes for which the gate must have let the caller in.
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
        .routes(routes!(account::get, account::update, account::delete))
        .routes(routes!(budget::get))
        .routes(routes!(account::change_password))
        .routes(routes!(account::sessions))
        .routes(routes!(account::end_session))
        .routes(routes!(account::sign_out))
        .routes(routes!(keys::create, keys::list))
        .routes(routes!(keys::revoke))
        .routes(routes!(
            two_factor::state,
            two_factor::begin,
            two_factor::disable
        ))
        .routes(routes!(two_factor::confirm))
        .routes(routes!(two_factor::replace_backup_codes))
        .merge(administration())
        .routes(routes!(provider_keys::list))
        .routes(routes!(
            provider_keys::get,
            provider_keys::put,
            provider_keys::delete
        ))
}

/// The routes for administrators.
fn administration() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(admin::accounts::list))
        .routes(routes!(admin::accounts::get, admin::accounts::delete))
        .routes(routes!(admin::accounts::disable))
        .routes(routes!(admin::accounts::enable))
        .routes(routes!(admin::accounts::set_role))
        .routes(routes!(admin::accounts::reset_link))
        .routes(routes!(admin::accounts::end_sessions))
        .routes(routes!(admin::accounts::disable_two_factor))
        .routes(routes!(
            admin::invitations::create,
            admin::invitations::list
        ))
        .routes(routes!(admin::invitations::revoke))
        .routes(routes!(admin::audit::list))
        .routes(routes!(admin::audit::verify))
        .routes(routes!(admin::roles::list))
        .routes(routes!(admin::roles::get, admin::roles::change))
}

/// The routes for whoever is not signed in yet.
pub(crate) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::options))
        .routes(routes!(auth::register))
        .routes(routes!(auth::sign_in))
        .routes(routes!(auth::second_factor))
        .routes(routes!(auth::refresh))
        .routes(routes!(recovery::request_reset))
        .routes(routes!(recovery::reset))
        .routes(routes!(recovery::verify))
        .routes(routes!(recovery::resend_verification))
}
