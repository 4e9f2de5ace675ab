//! Signing in, staying signed in, and being thrown out.

use manent_testkit::new_id;
use reqwest::Method;
use serde_json::json;

use super::people::{self, PASSWORD, cookie, join, refresh, register, sign_in, try_sign_in};
use crate::support::Test;
use crate::support::reply::Reply;

#[tokio::test]
async fn what_the_local_owner_kept_belongs_to_the_first_account() -> Test {
    let directory = tempfile::tempdir()?;
    let local = manent_testkit::TestServer::start_in(directory, "").await?;
    let id = new_id();
    let created = local
        .client()
        .post("/conversation/create", &json!({"id": id}))
        .await?;
    assert_eq!(created.status, 201);
    let directory = local.stop().await;
    let server = manent_testkit::TestServer::start_in(directory, "mode = \"accounts\"").await?;
    let first = join(&server, "first@example.org").await?;
    let second = join(&server, "second@example.org").await?;
    let path = format!("/conversation/{id}");
    assert_eq!(first.get(&server, &path).await?.status, 200);
    assert_eq!(second.get(&server, &path).await?.status, 404);
    let role = |reply: Reply| reply.json()["role"].clone();
    assert_eq!(role(first.get(&server, "/account").await?), "ADMIN");
    assert_eq!(role(second.get(&server, "/account").await?), "USER");
    Ok(())
}

#[tokio::test]
async fn whether_an_address_has_an_account_is_not_told() -> Test {
    let server = people::server("").await?;
    register(&server, "ada@example.org").await?;
    // Again, and in other letters: the same answer, and the password stays.
    register(&server, " ADA@example.org ").await?;
    let unknown = try_sign_in(&server, "nobody@example.org", PASSWORD).await?;
    let wrong = try_sign_in(&server, "ada@example.org", "something else").await?;
    assert_eq!(unknown.whole_problem(), wrong.whole_problem());
    assert_eq!(wrong.problem(), (401, "wrong_credentials".to_owned()));
    sign_in(&server, "ada@example.org").await?;
    Ok(())
}

#[tokio::test]
async fn nobody_registers_where_registration_is_closed() -> Test {
    let server = people::server("[accounts]\nregistration = \"closed\"").await?;
    let client = server.client();
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let reply = Reply::to(client.http().post(client.url("/auth/register")).json(&body)).await?;
    assert_eq!(reply.problem(), (403, "registration_closed".to_owned()));
    Ok(())
}

#[tokio::test]
async fn many_tabs_refresh_at_once_and_nobody_is_signed_out() -> Test {
    let server = people::server("").await?;
    let person = join(&server, "ada@example.org").await?;
    let replies = (0..50).map(|_| refresh(&server, &person.cookie));
    let replies = futures_util::future::try_join_all(replies).await?;
    let next = cookie(&replies[0]);
    for reply in &replies {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(cookie(reply), next, "all get the same one");
    }
    assert_ne!(next, person.cookie);
    assert_eq!(refresh(&server, &next).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_old_token_that_is_used_again_ends_the_sign_in() -> Test {
    let server = people::server("[accounts]\nrefresh_grace = \"0s\"").await?;
    let person = join(&server, "ada@example.org").await?;
    let elsewhere = sign_in(&server, "ada@example.org").await?;
    let next = cookie(&refresh(&server, &person.cookie).await?);
    let newest = refresh(&server, &next).await?;
    let thief = refresh(&server, &person.cookie).await?;
    assert_eq!(thief.problem(), (401, "signed_out".to_owned()));
    let owner = refresh(&server, &cookie(&newest)).await?;
    assert_eq!(owner.problem(), (401, "signed_out".to_owned()));
    let token = newest.json()["token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let late = people::Person {
        token,
        cookie: String::new(),
    };
    assert_eq!(late.get(&server, "/conversations").await?.status, 401);
    assert_eq!(elsewhere.get(&server, "/conversations").await?.status, 200);
    Ok(())
}

/// A neighbouring subdomain can set one that browsers send first.
#[tokio::test]
async fn of_several_cookies_of_one_name_the_one_that_goes_on_counts() -> Test {
    let server =
        people::server("[accounts]\nrefresh_grace = \"1h\"\n[librechat]\nenabled = true").await?;
    let person = join(&server, "ada@example.org").await?;
    let of_another = sign_in(&server, "ada@example.org").await?;
    let out = Method::POST;
    of_another
        .send(&server, out, "/auth/sign-out", None)
        .await?;
    let both = format!(
        "refreshToken=garbage; {}; {}",
        of_another.cookie, person.cookie
    );
    let next = refresh(&server, &both).await?;
    assert_eq!(next.status, 200, "{next:?}");
    let client = server.client();
    let request = client.http().post(client.url("/api/auth/refresh"));
    let next = Reply::to(request.header("cookie", &both)).await?;
    assert!(next.json()["token"].is_string(), "{next:?}");
    let many = format!("{}{}", "refreshToken=garbage; ".repeat(5), person.cookie);
    let refused = refresh(&server, &many).await?;
    assert_eq!(refused.problem(), (401, "signed_out".to_owned()));
    Ok(())
}

#[tokio::test]
async fn whoever_signs_out_is_out_at_once() -> Test {
    let server = people::server("").await?;
    let person = join(&server, "ada@example.org").await?;
    assert_eq!(person.get(&server, "/conversations").await?.status, 200);
    let out = person
        .send(&server, Method::POST, "/auth/sign-out", None)
        .await?;
    assert_eq!(out.status, 204);
    assert_eq!(cookie(&out), "refreshToken=");
    let after = person.get(&server, "/conversations").await?;
    assert_eq!(after.problem(), (401, "signed_out".to_owned()));
    assert_eq!(after.header("www-authenticate"), "Bearer");
    assert_eq!(refresh(&server, &person.cookie).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() -> Test {
    let server = people::server("").await?;
    let here = join(&server, "ada@example.org").await?;
    let there = sign_in(&server, "ada@example.org").await?;
    assert_eq!(there.get(&server, "/conversations").await?.status, 200);
    let change = json!({"old": PASSWORD, "new": "another good password"});
    let changed = here
        .send(&server, Method::POST, "/account/password", Some(&change))
        .await?;
    assert_eq!(changed.status, 204, "{changed:?}");
    assert_eq!(there.get(&server, "/conversations").await?.status, 401);
    assert_eq!(here.get(&server, "/conversations").await?.status, 200);
    let old = try_sign_in(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(old.status, 401);
    Ok(())
}

#[tokio::test]
async fn what_is_no_token_lets_nobody_in() -> Test {
    let server = people::server("").await?;
    let person = join(&server, "ada@example.org").await?;
    let cut = &person.token[..person.token.len() - 1];
    for token in ["", "x", cut, "mnt_x", "a.b.c"] {
        let stranger = people::Person {
            token: token.to_owned(),
            cookie: String::new(),
        };
        let reply = stranger.get(&server, "/conversations").await?;
        assert_eq!(reply.problem(), (401, "signed_out".to_owned()), "{token:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_audit_log_names_the_address_from_which_it_was_asked() -> Test {
    let server = people::server("[accounts]\ntrusted_proxies = \"127.0.0.1\"").await?;
    let person = join(&server, "ada@example.org").await?;
    // The caller is remembered from here on, with the address of this request.
    assert_eq!(person.get(&server, "/account").await?.status, 200);
    let client = server.client();
    let body = json!({"name": "program", "scopes": ["read"]});
    let request = client.http().post(client.url("/keys")).json(&body);
    let elsewhere = request
        .bearer_auth(&person.token)
        .header("x-forwarded-for", "203.0.113.9");
    assert_eq!(Reply::to(elsewhere).await?.status, 201);
    let database = crate::support::database::open(server.data_dir())?;
    let last = "SELECT address FROM audit ORDER BY number DESC LIMIT 1";
    let address: Option<String> = database.query_row(last, [], |row| row.get(0))?;
    assert_eq!(address.as_deref(), Some("203.0.113.9"));
    Ok(())
}

/// The cookie is the only thing that a browser adds by itself.
#[tokio::test]
async fn a_foreign_page_cannot_use_the_cookie_of_its_visitor() -> Test {
    let server = people::server("").await?;
    let person = people::join(&server, "ada@example.org").await?;
    let client = server.client();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for path in ["/auth/refresh", "/auth/sign-out"] {
            let request = client.http().post(client.url(path));
            let request = request.header("cookie", &person.cookie).header(name, value);
            let reply = Reply::to(request).await?;
            assert_eq!(
                reply.problem(),
                (403, "origin_not_allowed".to_owned()),
                "{path}"
            );
            assert!(!reply.headers.contains_key("set-cookie"), "{path}");
        }
    }
    // Nor does the cookie open anything but the refresh.
    let request = client.http().get(client.url("/account"));
    let reply = Reply::to(request.header("cookie", &person.cookie)).await?;
    assert_eq!(reply.problem(), (401, "signed_out".to_owned()));
    assert_eq!(people::refresh(&server, &person.cookie).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn guesses_from_everywhere_lock_out_no_device_on_which_somebody_signed_in_before() -> Test {
    let server = people::server("[accounts]\ntrusted_proxies = \"127.0.0.1\"\n").await?;
    register(&server, "ada@example.org").await?;
    let client = server.client();
    let attempt = async |from: u8, cookie: &str, password: &str| {
        let request = client.http().post(client.url("/auth/sign-in"));
        let request = request
            .header("x-forwarded-for", format!("203.0.113.{from}"))
            .header("cookie", cookie)
            .json(&json!({"email": "ada@example.org", "password": password}));
        Reply::to(request).await
    };
    let first = attempt(1, "a=b", people::PASSWORD).await?;
    let cookies = first.headers.get_all("set-cookie").iter();
    let mark = cookies
        .filter_map(|set| set.to_str().ok())
        .find(|set| set.starts_with("manentDevice="))
        .unwrap_or_default()
        .to_owned();
    let (mark, attributes) = mark.split_once(';').unwrap_or_default();
    assert_eq!(
        attributes,
        " Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict"
    );
    for stranger in 2..22 {
        let guessed = attempt(stranger, "a=b", "wrong password").await?;
        assert_eq!(guessed.problem().1, "wrong_credentials");
    }
    for unknown in ["a=b", "manentDevice=AAAA"] {
        let refused = attempt(99, unknown, people::PASSWORD).await?;
        assert_eq!(refused.problem(), (429, "too_many_attempts".to_owned()));
    }
    let let_in = attempt(99, mark, people::PASSWORD).await?;
    assert_eq!(let_in.status, 200, "{let_in:?}");
    Ok(())
}
