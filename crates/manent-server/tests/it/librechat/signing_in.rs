//! Registering, signing in, staying signed in, signing out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{
    PASSWORD, cookie, cookies, join, login, message, person, post, refresh, register, send, server,
    sign_in, text,
};
use crate::support::reply::Reply;
use crate::support::{Test, database};

const REFRESH: &str = "/api/auth/refresh";

/// What stands in an access token.
fn claims(token: &str) -> anyhow::Result<Value> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

/// The attributes of a cookie, without its value.
fn attributes(set: &str) -> Vec<&str> {
    set.split("; ").skip(1).collect()
}

#[tokio::test]
async fn whoever_registers_signs_in_and_is_known() -> Test {
    let server = server("").await?;
    let told = (
        200,
        "Please check your email to verify your email address.".to_owned(),
    );
    assert_eq!(message(&register(&server, "ada@example.org").await?), told);
    // Whether the address has an account is not told.
    assert_eq!(message(&register(&server, " ADA@example.org").await?), told);
    let reply = login(&server, "Ada@example.org ", PASSWORD).await?;
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let id = body["user"]["id"].as_str().unwrap_or_default().to_owned();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let expected = json!({
        "_id": id, "id": id, "name": "Ada Lovelace", "username": "ada", "email": "ada@example.org", "emailVerified": true,
        "avatar": null, "provider": "local", "role": "ADMIN", "plugins": [], "twoFactorEnabled": false, "termsAccepted": false,
        "createdAt": body["user"]["createdAt"], "updatedAt": body["user"]["updatedAt"],
    });
    assert_eq!(body["user"], expected);
    let ada = person(&reply)?;
    let known = ada.get(&server, "/api/user").await?;
    assert_eq!((known.status, known.json()), (200, expected));
    let claims = claims(&ada.token)?;
    let names: Vec<&String> = claims
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        ["email", "exp", "iat", "id", "provider", "sid", "username"]
    );
    assert!(claims["exp"].is_u64() && claims["iat"].is_u64(), "{claims}");
    Ok(())
}

#[tokio::test]
async fn the_cookies_are_kept_from_pages_and_other_sites_and_last_as_long_as_the_session() -> Test {
    let server = server("[accounts]\nsecure_cookies = \"always\"").await?;
    register(&server, "ada@example.org").await?;
    let first = login(&server, "ada@example.org", PASSWORD).await?;
    let set = cookies(&first);
    assert_eq!(set.len(), 3, "{set:?}");
    assert!(set[0].starts_with("refreshToken=") && set[1].starts_with("token_provider=librechat;"));
    // The mark of the device stays longer than the session.
    assert!(set[2].starts_with("manentDevice="));
    assert_eq!(
        attributes(&set[2]),
        [
            "Path=/",
            "Max-Age=34560000",
            "HttpOnly",
            "SameSite=Strict",
            "Secure"
        ]
    );
    let flags = attributes(&set[0]);
    assert_eq!(flags, attributes(&set[1]));
    let [path, expires, rest @ ..] = flags.as_slice() else {
        anyhow::bail!("{set:?}");
    };
    assert_eq!(
        (*path, rest),
        (
            "Path=/",
            ["HttpOnly", "SameSite=Strict", "Secure"].as_slice()
        )
    );
    assert!(
        expires.starts_with("Expires=") && expires.ends_with(" GMT"),
        "{expires}"
    );
    let second = refresh(&server, REFRESH, &cookie(&first)).await?;
    assert_eq!(attributes(&cookies(&second)[0]), flags, "the end stays");
    assert_ne!(cookie(&second), cookie(&first));
    Ok(())
}

#[tokio::test]
async fn an_unknown_address_is_answered_like_a_wrong_password() -> Test {
    let server = server("").await?;
    register(&server, "ada@example.org").await?;
    let wrong = login(&server, "ada@example.org", "something else").await?;
    let unknown = login(&server, "nobody@example.org", PASSWORD).await?;
    assert_eq!(message(&wrong).0, 404);
    assert_eq!(message(&wrong), message(&unknown));
    assert!(cookies(&wrong).is_empty());
    for body in [
        json!({}),
        json!({"email": "ada@example.org"}),
        json!({"email": 1, "password": "x"}),
    ] {
        assert_eq!(
            message(&post(&server, "/api/auth/login", body).await?).0,
            404
        );
    }
    let client = server.client();
    let request = client.http().post(client.url("/api/auth/login"));
    let request = request.header("content-type", "application/json").body("{");
    assert_eq!(message(&Reply::to(request).await?).0, 400);
    Ok(())
}

#[tokio::test]
async fn too_many_wrong_passwords_are_told_to_wait() -> Test {
    let server = server("").await?;
    for _ in 0..7 {
        assert_eq!(
            login(&server, "ada@example.org", "wrong").await?.status,
            404
        );
    }
    let reply = login(&server, "ada@example.org", "wrong").await?;
    assert_eq!(message(&reply).0, 429);
    assert!(reply.header("retry-after").parse::<u64>()? > 0);
    Ok(())
}

#[tokio::test]
async fn a_registration_that_is_not_filled_in_rightly_says_why() -> Test {
    let server = server("").await?;
    let right = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD, "confirm_password": PASSWORD});
    for (field, value) in [
        ("name", json!("")),
        ("email", json!("no address")),
        ("password", json!("short")),
        ("confirm_password", json!("another")),
        ("username", json!("x")),
        ("email", json!(null)),
    ] {
        let mut body = right.clone();
        body[field] = value;
        let reply = post(&server, "/api/auth/register", body).await?;
        assert_eq!(message(&reply).0, 404, "{field}");
    }
    let closed = super::people::server("[accounts]\nregistration = \"closed\"").await?;
    let refused = message(&register(&closed, "ada@example.org").await?);
    assert_eq!(refused, (403, "Registration is not allowed.".to_owned()));
    let elsewhere = super::people::server("[accounts]\nallowed_domains = \"example.com\"").await?;
    assert_eq!(
        message(&register(&elsewhere, "ada@example.org").await?).0,
        403
    );
    let invited = super::people::server("[accounts]\nregistration = \"invited\"").await?;
    assert_eq!(
        message(&register(&invited, "ada@example.org").await?).0,
        400
    );
    Ok(())
}

#[tokio::test]
async fn a_refresh_without_a_cookie_is_a_success_without_a_token() -> Test {
    let server = server("").await?;
    let reply = refresh(&server, REFRESH, "").await?;
    assert_eq!(text(&reply), (200, "Refresh token not provided".to_owned()));
    assert!(cookies(&reply).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_is_refused_says_how() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let forged = refresh(&server, REFRESH, "refreshToken=forged").await?;
    assert_eq!(text(&forged), (403, "Invalid refresh token".to_owned()));
    let out = ada.post(&server, "/api/auth/logout", json!({})).await?;
    assert_eq!(message(&out), (200, "Logout successful".to_owned()));
    let told = "Refresh token expired or not found for this user".to_owned();
    let first = refresh(&server, REFRESH, &ada.cookie).await?;
    assert_eq!(text(&first), (401, told.clone()));
    let second = refresh(&server, "/api/auth/refresh?retry=true", &ada.cookie).await?;
    assert_eq!(text(&second), (403, told));
    Ok(())
}

#[tokio::test]
async fn whoever_signs_out_is_out_and_without_cookies() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    assert_eq!(ada.get(&server, "/api/user").await?.status, 200);
    let out = ada.post(&server, "/api/auth/logout", json!({})).await?;
    let cleared: Vec<String> = cookies(&out)
        .iter()
        .filter_map(|set| set.split('=').next().map(ToOwned::to_owned))
        .collect();
    assert_eq!(
        cleared,
        [
            "refreshToken",
            "openid_access_token",
            "openid_id_token",
            "openid_user_id",
            "token_provider"
        ]
    );
    assert!(
        cookies(&out)
            .iter()
            .all(|set| set.contains("Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
    );
    let after = message(&ada.get(&server, "/api/user").await?);
    assert_eq!(after, (401, "Unauthorized".to_owned()));
    let again = ada.post(&server, "/api/auth/logout", json!({})).await?;
    assert_eq!(again.status, 401);
    Ok(())
}

#[tokio::test]
async fn many_tabs_refresh_at_once_and_nobody_is_signed_out() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let replies = (0..50).map(|_| refresh(&server, REFRESH, &ada.cookie));
    let replies = futures_util::future::try_join_all(replies).await?;
    let next = cookie(&replies[0]);
    for reply in &replies {
        assert_eq!(
            (reply.status, cookie(reply)),
            (200, next.clone()),
            "{reply:?}"
        );
    }
    assert_eq!(refresh(&server, REFRESH, &next).await?.status, 200);
    Ok(())
}

/// A suite of browser tests saves a cookie once and begins every test with it, while the page and the test refresh side by side.
#[tokio::test]
async fn a_saved_cookie_is_taken_again_and_again_within_the_grace() -> Test {
    let server = server("[accounts]\nrefresh_grace = \"1h\"").await?;
    let saved = join(&server, "ada@example.org").await?.cookie;
    for _ in 0..20 {
        let (page, test) = tokio::join!(
            refresh(&server, REFRESH, &saved),
            refresh(&server, REFRESH, &saved)
        );
        let (page, test) = (page?, test?);
        assert_eq!((page.status, test.status), (200, 200), "{page:?}");
        let mut newest = cookie(&page);
        for _ in 0..3 {
            let reply = refresh(&server, REFRESH, &newest).await?;
            assert_eq!(reply.status, 200, "{reply:?}");
            newest = cookie(&reply);
        }
        let user = person(&test)?.get(&server, "/api/user").await?;
        assert_eq!(user.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_comes_back_after_the_grace_ends_the_sign_in() -> Test {
    let server = server("[accounts]\nrefresh_grace = \"0s\"").await?;
    let saved = join(&server, "ada@example.org").await?.cookie;
    let next = cookie(&refresh(&server, REFRESH, &saved).await?);
    let newest = cookie(&refresh(&server, REFRESH, &next).await?);
    assert_eq!(refresh(&server, REFRESH, &saved).await?.status, 401);
    assert_eq!(refresh(&server, REFRESH, &newest).await?.status, 401);
    Ok(())
}

/// The cookie is the same on both surfaces.
#[tokio::test]
async fn whoever_is_signed_in_here_is_signed_in_on_the_native_surface() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let native = refresh(&server, "/auth/refresh", &ada.cookie).await?;
    assert_eq!(native.status, 200);
    assert_eq!(
        refresh(&server, REFRESH, &cookie(&native)).await?.status,
        200
    );
    assert_eq!(
        ada.get(&server, "/account").await?.json()["email"],
        "ada@example.org"
    );
    Ok(())
}

#[tokio::test]
async fn a_disabled_account_is_told_to_who_knows_the_password() -> Test {
    let server = server("").await?;
    join(&server, "root@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let disable = "UPDATE accounts SET status = 'disabled' WHERE email = 'eve@example.org'";
    database::open(server.data_dir())?.execute(disable, [])?;
    assert_eq!(
        message(&login(&server, "eve@example.org", PASSWORD).await?).0,
        403
    );
    assert_eq!(
        message(&login(&server, "eve@example.org", "wrong").await?).0,
        404
    );
    assert_eq!(refresh(&server, REFRESH, &eve.cookie).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_no_page() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let told = (404, "Endpoint not found".to_owned());
    for (method, path) in [
        (Method::GET, "/api/nothing"),
        (Method::POST, "/api/auth/nothing"),
        (Method::GET, "/api/auth/login"),
        (Method::DELETE, "/api/user"),
        (Method::PUT, "/api/roles/USER/nothing/more"),
    ] {
        let reply = send(&server, method.clone(), path, None).await?;
        assert_eq!(message(&reply), told, "{method} {path}");
        let reply = ada.send(&server, method.clone(), path, None).await?;
        assert_eq!(message(&reply), told, "{method} {path}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_of_it_is_there_unless_it_is_switched_on() -> Test {
    let server = manent_testkit::TestServer::start_with("mode = \"accounts\"").await?;
    let reply = send(&server, Method::GET, "/api/user", None).await?;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    let reply = post(&server, "/api/auth/login", json!({})).await?;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_origin_signs_nobody_in() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let client = server.client();
    for path in [REFRESH, "/api/auth/login", "/api/auth/logout"] {
        let request = client.http().post(client.url(path));
        let request = request
            .header("origin", "https://evil.example")
            .header("cookie", &ada.cookie);
        assert_eq!(Reply::to(request).await?.status, 403, "{path}");
    }
    sign_in(&server, "ada@example.org").await?;
    Ok(())
}

#[tokio::test]
async fn a_foreign_page_is_refused_in_the_words_of_this_surface() -> Test {
    let server = server("").await?;
    let client = server.client();
    for path in [REFRESH, "/api/auth/login", "/api/nothing/here"] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("host", "evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let request = client.http().post(client.url(path)).header(name, value);
            let refused = Reply::to(request.json(&json!({}))).await?;
            assert_eq!(message(&refused).0, 403, "{path} {name}");
        }
    }
    let native = client.http().post(client.url("/auth/refresh"));
    let refused = Reply::to(native.header("origin", "https://evil.example")).await?;
    assert_eq!(refused.problem(), (403, "origin_not_allowed".to_owned()));
    Ok(())
}
