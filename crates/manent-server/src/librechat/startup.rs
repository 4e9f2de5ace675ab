//! `GET /api/config`: what the client must know before it draws anything.

use axum::Json as JsonAnswer;
use axum::extract::{FromRequestParts, Request, State};
use manent_config::Registration;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::surface::Surface;
use crate::access::From as Place;
use crate::accounts::Accounts;
use crate::app::App;

/// The ways of signing in that the client has buttons for, and Manent has.
const SOCIAL_LOGINS: [&str; 1] = ["openid"];

/// Where the menu's help leads when nobody says otherwise.
const HELP: &str = "https://librechat.ai";

/// For everybody; those who are let in get more. A token that does not count is no reason to refuse: the client asks with and without one.
pub(super) async fn get(
    State(app): State<App>,
    request: Request,
) -> Result<JsonAnswer<Value>, Refusal> {
    let surface = app.librechat()?;
    let (mut parts, _) = request.into_parts();
    let address = Place::from_request_parts(&mut parts, &app).await;
    let address = address.ok().and_then(|Place(origin)| origin.address);
    let is_let_in = app.gate.caller(&parts.headers, address).await.is_ok();
    let accounts = app.accounts.as_deref();
    let mut public = before_sign_in(surface, accounts);
    if is_let_in {
        add_after_sign_in(surface, accounts, &mut public);
    }
    Ok(JsonAnswer(public))
}

fn before_sign_in(surface: &Surface, accounts: Option<&Accounts>) -> Value {
    let settings = &surface.settings;
    let variables = &settings.variables;
    let oidc = accounts.and_then(|accounts| accounts.oidc.as_deref());
    let has_passwords = accounts.is_some_and(Accounts::has_passwords);
    let is_open = accounts.is_some_and(|accounts| accounts.registration == Registration::Open);
    let sends_mail = accounts.is_some_and(|accounts| accounts.sends_mail);
    let wanted = settings.social_logins.as_deref();
    let social: Vec<&str> = SOCIAL_LOGINS
        .into_iter()
        .filter(|login| {
            oidc.is_some() && wanted.is_none_or(|wanted| wanted.iter().any(|name| name == login))
        })
        .collect();
    let mut public = json!({
        "appTitle": variables.app_title,
        "discordLoginEnabled": false,
        "facebookLoginEnabled": false,
        "githubLoginEnabled": false,
        "googleLoginEnabled": false,
        "appleLoginEnabled": false,
        "samlLoginEnabled": false,
        "openidLoginEnabled": oidc.is_some(),
        "openidLabel": oidc.map_or("Continue with OpenID", |oidc| oidc.options.label.as_str()),
        "openidAutoRedirect": oidc.is_some_and(|oidc| oidc.options.is_automatic),
        "serverDomain": surface.public_url.clone().unwrap_or_default(),
        "emailLoginEnabled": has_passwords && variables.allows_email_login,
        "registrationEnabled": has_passwords && is_open,
        "socialLoginEnabled": !social.is_empty(),
        "emailEnabled": sends_mail,
        "passwordResetEnabled": has_passwords && sends_mail && variables.allows_password_reset,
        "socialLogins": social,
    });
    if let Some(image) = oidc.and_then(|oidc| oidc.options.image.clone()) {
        public["openidImageUrl"] = image.into();
    }
    if let Some(accounts) = accounts {
        public["minPasswordLength"] = accounts.min_password_length.into();
    }
    if let Some(interface) = settings.interface.public_before_sign_in() {
        public["interface"] = interface;
    }
    public
}

fn add_after_sign_in(surface: &Surface, accounts: Option<&Accounts>, public: &mut Value) {
    let settings = &surface.settings;
    let variables = &settings.variables;
    let specs = &settings.model_specs;
    let has_specs = !specs.list.is_empty();
    let snapshots = settings
        .interface
        .snapshot_files
        .unwrap_or(variables.snapshots_files);
    let dropped: serde_json::Map<String, Value> = surface
        .endpoints
        .iter()
        .filter_map(|bound| {
            let endpoint = bound.endpoint.as_ref()?;
            let dropped = &endpoint.drop_parameters;
            (!dropped.is_empty()).then(|| (bound.name.clone(), json!(dropped)))
        })
        .collect();
    let more = json!({
        "showBirthdayIcon": false,
        "helpAndFaqURL": variables.help_url.as_deref().unwrap_or(HELP),
        "sharedLinksEnabled": variables.allows_shared_links,
        "publicSharedLinksEnabled": variables.allows_shared_links && variables.allows_public_links,
        "sharedLinksSnapshotFilesEnabled": variables.allows_shared_links && snapshots,
        "allowAccountDeletion": accounts.is_some() && variables.allows_account_deletion,
        "openidReuseTokens": false,
        "titleGenerationTiming": "immediate",
        "interface": settings.interface.public(has_specs, !specs.added_endpoints.is_empty()),
        "balance": {"enabled": false},
        "conversationImportMaxFileSize": variables.import_bytes,
        "endpointsDropParamsMap": dropped,
    });
    if let (Value::Object(public), Value::Object(more)) = (public, more) {
        public.extend(more);
        if has_specs {
            public.insert("modelSpecs".to_owned(), specs.public());
        }
        for (key, url) in [
            ("bundlerURL", &variables.bundler_url),
            ("staticBundlerURL", &variables.static_bundler_url),
        ] {
            if let Some(url) = url {
                public.insert(key.to_owned(), url.as_str().into());
            }
        }
        if let Some(footer) = &variables.custom_footer {
            public.insert("customFooter".to_owned(), footer.as_str().into());
        }
    }
}
