//! The table of routes. The router is made from it and so is the list that tests go through: there is no route that the list lacks.

use axum::routing::{MethodRouter, delete, get, patch, post, put};
use axum::{Router, middleware};

use super::answer::{endpoint_not_found, translate};
use super::{
    absent, auth, categories, chat, convos, endpoints, favorites, keys, messages, passwords,
    presets, projects, prompts, roles, shares, startup, system, tags, two_factor, user,
};
use crate::access::{ClientAddress, Gate, admit};
use crate::app::App;

/// Where the surface stands.
pub(super) const PREFIX: &str = "/api";

/// One operation.
struct Route {
    method: &'static str,
    /// Without the prefix.
    path: &'static str,
    /// Whether the gate must have let the caller in.
    is_guarded: bool,
    handler: MethodRouter<App>,
}

const fn open(method: &'static str, path: &'static str, handler: MethodRouter<App>) -> Route {
    Route {
        method,
        path,
        is_guarded: false,
        handler,
    }
}

const fn guarded(method: &'static str, path: &'static str, handler: MethodRouter<App>) -> Route {
    Route {
        method,
        path,
        is_guarded: true,
        handler,
    }
}

/// Every operation.
fn routes() -> Vec<Route> {
    vec![
        open("POST", "/auth/register", post(auth::register)),
        open("POST", "/auth/login", post(auth::login)),
        open("POST", "/auth/refresh", post(auth::refresh)),
        guarded("POST", "/auth/logout", post(auth::logout)),
        open(
            "POST",
            "/auth/requestPasswordReset",
            post(passwords::request_reset),
        ),
        open("POST", "/auth/resetPassword", post(passwords::reset)),
        // The client of version 0.7.8 asks with GET.
        guarded("GET", "/auth/2fa/enable", get(two_factor::enable)),
        guarded("POST", "/auth/2fa/enable", post(two_factor::enable)),
        guarded("POST", "/auth/2fa/verify", post(two_factor::verify)),
        guarded("POST", "/auth/2fa/confirm", post(two_factor::confirm)),
        guarded("POST", "/auth/2fa/disable", post(two_factor::disable)),
        guarded(
            "POST",
            "/auth/2fa/backup/regenerate",
            post(two_factor::regenerate),
        ),
        open(
            "POST",
            "/auth/2fa/verify-temp",
            post(two_factor::verify_temp),
        ),
        guarded("GET", "/user", get(user::get)),
        open("POST", "/user/verify", post(passwords::verify)),
        open(
            "POST",
            "/user/verify/resend",
            post(passwords::resend_verification),
        ),
        guarded("DELETE", "/user/delete", delete(user::delete)),
        guarded("PATCH", "/user/preferences", patch(user::preferences)),
        guarded("POST", "/user/plugins", post(user::plugins)),
        guarded("GET", "/user/terms", get(user::terms)),
        guarded("POST", "/user/terms/accept", post(user::accept_terms)),
        open("GET", "/config", get(startup::get)),
        open("GET", "/banner", get(absent::banner)),
        guarded("GET", "/endpoints", get(endpoints::list)),
        guarded(
            "GET",
            "/endpoints/token-config",
            get(endpoints::token_config),
        ),
        guarded("GET", "/models", get(endpoints::models)),
        guarded("GET", "/search/enable", get(system::has_search)),
        guarded("GET", "/files/config", get(system::files)),
        guarded("GET", "/files/speech/config/get", get(absent::speech)),
        guarded(
            "GET",
            "/user/settings/skills/active",
            get(absent::empty_table),
        ),
        guarded("GET", "/user/settings/favorites", get(favorites::get)),
        guarded("POST", "/user/settings/favorites", post(favorites::put)),
        guarded(
            "GET",
            "/user/settings/favorites/tools",
            get(favorites::tools),
        ),
        guarded(
            "PUT",
            "/user/settings/favorites/tools/{kind}/{id}",
            put(favorites::add_tool),
        ),
        guarded(
            "DELETE",
            "/user/settings/favorites/tools/{kind}/{id}",
            delete(favorites::remove_tool),
        ),
        guarded("GET", "/tags", get(tags::list)),
        guarded("POST", "/tags", post(tags::make)),
        guarded("PUT", "/tags/{tag}", put(tags::edit)),
        guarded("DELETE", "/tags/{tag}", delete(tags::delete)),
        guarded("PUT", "/tags/convo/{id}", put(tags::of_conversation)),
        guarded("GET", "/presets", get(presets::list)),
        guarded("POST", "/presets", post(presets::keep)),
        guarded("POST", "/presets/delete", post(presets::delete)),
        guarded("GET", "/projects", get(projects::list)),
        guarded("POST", "/projects", post(projects::make)),
        guarded("GET", "/projects/{id}", get(projects::get)),
        guarded("PATCH", "/projects/{id}", patch(projects::edit)),
        guarded("DELETE", "/projects/{id}", delete(projects::delete)),
        guarded("PUT", "/projects/conversations/{id}", put(projects::assign)),
        guarded("GET", "/share", get(shares::list)),
        open("GET", "/share/{id}/config", get(shares::config)),
        open("GET", "/share/{id}", get(shares::get)),
        open("GET", "/share/{id}/files/{file}", get(shares::no_file)),
        open(
            "GET",
            "/share/{id}/files/{file}/download",
            get(shares::no_file),
        ),
        open(
            "GET",
            "/share/{id}/files/{file}/preview",
            get(shares::no_file),
        ),
        guarded("GET", "/share/link/{id}", get(shares::of_conversation)),
        guarded("POST", "/share/{id}", post(shares::make)),
        guarded("PATCH", "/share/{id}", patch(shares::update)),
        guarded("DELETE", "/share/{id}", delete(shares::delete)),
        guarded("GET", "/prompts/groups", get(prompts::list)),
        guarded("GET", "/prompts/all", get(prompts::all)),
        guarded("GET", "/prompts/groups/{id}", get(prompts::group)),
        guarded("PATCH", "/prompts/groups/{id}", patch(prompts::edit)),
        guarded("DELETE", "/prompts/groups/{id}", delete(prompts::delete)),
        guarded(
            "POST",
            "/prompts/groups/{id}/prompts",
            post(prompts::add_version),
        ),
        guarded("POST", "/prompts/groups/{id}/use", post(prompts::count_use)),
        guarded("GET", "/prompts", get(prompts::versions)),
        guarded("POST", "/prompts", post(prompts::make)),
        guarded("GET", "/prompts/{id}", get(prompts::version)),
        guarded("DELETE", "/prompts/{id}", delete(prompts::delete_version)),
        guarded(
            "PATCH",
            "/prompts/{id}/tags/production",
            patch(prompts::put_into_use),
        ),
        guarded(
            "GET",
            "/permissions/promptGroup/{id}/effective",
            get(prompts::effective),
        ),
        guarded("GET", "/balance", get(absent::balance)),
        guarded("GET", "/categories", get(categories::list)),
        guarded("GET", "/agents", get(absent::agents)),
        guarded("GET", "/agents/categories", get(absent::empty_list)),
        guarded("GET", "/agents/tools", get(absent::empty_list)),
        guarded("GET", "/agents/tools/calls", get(absent::empty_list)),
        guarded(
            "GET",
            "/agents/tools/web_search/auth",
            get(absent::web_search),
        ),
        guarded("GET", "/agents/actions", get(absent::empty_list)),
        guarded("GET", "/mcp/servers", get(absent::empty_table)),
        guarded("GET", "/mcp/tools", get(absent::tools_by_server)),
        guarded(
            "GET",
            "/mcp/connection/status",
            get(absent::tool_connections),
        ),
        guarded("GET", "/skills", get(absent::skills)),
        guarded("GET", "/memories", get(absent::memories)),
        guarded("GET", "/api-keys", get(absent::empty_list)),
        guarded(
            "GET",
            "/permissions/{kind}/effective/all",
            get(absent::empty_table),
        ),
        guarded("POST", "/agents/chat", post(chat::start_plain)),
        guarded("POST", "/agents/chat/{endpoint}", post(chat::start)),
        guarded("GET", "/agents/chat/stream/{id}", get(chat::stream)),
        guarded("GET", "/agents/chat/status/{id}", get(chat::status)),
        guarded("GET", "/agents/chat/active", get(chat::active)),
        guarded("POST", "/agents/chat/abort", post(chat::abort)),
        guarded("POST", "/agents/chat/steer", post(chat::no_steer)),
        guarded("POST", "/agents/chat/resume", post(chat::no_resume)),
        guarded("GET", "/convos", get(convos::list)),
        guarded("GET", "/convos/gen_title/{id}", get(chat::title)),
        guarded("GET", "/convos/{id}", get(convos::get)),
        guarded("POST", "/convos/update", post(convos::update)),
        guarded("POST", "/convos/archive", post(convos::archive)),
        guarded("POST", "/convos/archive/all", post(convos::archive_all)),
        guarded("POST", "/convos/pin", post(convos::pin)),
        guarded("POST", "/convos/fork", post(convos::fork)),
        guarded("POST", "/convos/duplicate", post(convos::duplicate)),
        guarded("POST", "/convos/import", post(convos::import)),
        guarded("DELETE", "/convos", delete(convos::delete)),
        guarded("DELETE", "/convos/all", delete(convos::delete_all)),
        guarded("GET", "/messages", get(messages::search)),
        guarded("POST", "/messages/branch", post(messages::branch)),
        guarded(
            "POST",
            "/messages/artifact/{message}",
            post(messages::artifact),
        ),
        guarded("GET", "/messages/{id}", get(messages::list)),
        guarded("POST", "/messages/{id}", post(messages::add)),
        guarded("GET", "/messages/{id}/{message}", get(messages::get)),
        guarded("PUT", "/messages/{id}/{message}", put(messages::edit)),
        guarded(
            "DELETE",
            "/messages/{id}/{message}",
            delete(messages::delete),
        ),
        guarded(
            "PUT",
            "/messages/{id}/{message}/feedback",
            put(messages::rate),
        ),
        guarded("GET", "/roles/{name}", get(roles::get)),
        guarded("PUT", "/roles/{name}/{part}", put(roles::change)),
        guarded("PUT", "/keys", put(keys::put)),
        guarded("GET", "/keys", get(keys::get)),
        guarded("DELETE", "/keys", delete(keys::delete_all)),
        guarded("DELETE", "/keys/{name}", delete(keys::delete)),
    ]
}

/// Every operation of LibreChat's API that is served, as method and path: for whatever has to hold for each of them.
pub fn librechat_routes() -> Vec<(&'static str, String)> {
    let routes = routes().into_iter();
    routes
        .map(|route| (route.method, format!("{PREFIX}{}", route.path)))
        .collect()
}

/// The surface, with everything else under its prefix answered as not found.
pub(crate) fn router(gate: Gate, addresses: ClientAddress) -> Router<App> {
    let mut public = Router::new();
    let mut signed_in = Router::new();
    for route in routes() {
        let side = if route.is_guarded {
            &mut signed_in
        } else {
            &mut public
        };
        *side = std::mem::take(side).route(route.path, route.handler);
    }
    let signed_in = signed_in.layer(middleware::from_fn_with_state((gate, addresses), admit));
    let surface = public
        .merge(signed_in)
        .fallback(endpoint_not_found)
        .method_not_allowed_fallback(endpoint_not_found)
        .layer(middleware::from_fn(translate));
    Router::new()
        .nest(PREFIX, surface)
        .route("/health", get(system::health))
        .route("/livez", get(system::health))
}
