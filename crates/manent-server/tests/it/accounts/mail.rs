//! Links that go out by mail, sent over SMTP to a server on loopback.

use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{self, PASSWORD, register, sign_in, try_sign_in};
use crate::support::Test;
use crate::support::mailbox::Mailbox;
use crate::support::reply::Reply;

async fn post(server: &TestServer, path: &str, body: Value) -> anyhow::Result<Reply> {
    let client = server.client();
    Reply::to(client.http().post(client.url(path)).json(&body)).await
}

async fn verified(server: &TestServer, mailbox: &mut Mailbox, email: &str) -> Test {
    register(server, email).await?;
    let mail = mailbox.next().await?;
    assert_eq!(
        (mail.to.as_str(), mail.subject()),
        (email, "Is this your e-mail address?")
    );
    let token = mail.secret("/verify-email#token=");
    let reply = post(server, "/auth/verify", json!({"token": token})).await?;
    assert_eq!(reply.status, 204, "{reply:?}");
    Ok(())
}

#[tokio::test]
async fn an_address_is_verified_before_anybody_signs_in_with_it() -> Test {
    let mut mailbox = Mailbox::start().await?;
    let server = people::server(&mailbox.configuration()).await?;
    register(&server, "ada@example.org").await?;
    let first = mailbox.next().await?;
    let early = try_sign_in(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(early.problem(), (403, "email_not_verified".to_owned()));

    let body = json!({"email": "ada@example.org"});
    let resent = post(&server, "/auth/verify/resend", body).await?;
    assert_eq!(resent.status, 204);
    let second = mailbox.next().await?;
    let token = |mail: &crate::support::mailbox::Arrived| mail.secret("/verify-email#token=");
    // The newer link takes the place of the older one, and works once.
    for (token, expected) in [
        (token(&first), 422),
        (token(&second), 204),
        (token(&second), 422),
    ] {
        let reply = post(&server, "/auth/verify", json!({"token": token})).await?;
        assert_eq!(reply.status, expected, "{reply:?}");
    }
    sign_in(&server, "ada@example.org").await?;
    Ok(())
}

#[tokio::test]
async fn a_forgotten_password_is_set_with_a_link_that_works_once() -> Test {
    let mut mailbox = Mailbox::start().await?;
    let server = people::server(&mailbox.configuration()).await?;
    verified(&server, &mut mailbox, "ada@example.org").await?;
    let person = sign_in(&server, "ada@example.org").await?;
    let options = person.get(&server, "/auth/options").await?.json();
    assert_eq!(options["resetByMail"], true, "{options}");

    let body = json!({"email": "ada@example.org"});
    assert_eq!(
        post(&server, "/auth/reset/request", body).await?.status,
        204
    );
    let mail = mailbox.next().await?;
    let token = mail.secret("http://127.0.0.1:1/reset-password#token=");
    let reset = |password: &str| json!({"token": token, "newPassword": password});
    let short = post(&server, "/auth/reset", reset("short")).await?;
    assert_eq!(short.problem(), (422, "invalid_value".to_owned()));
    let reply = post(&server, "/auth/reset", reset("another good password")).await?;
    assert_eq!(reply.status, 204, "{reply:?}");
    let again = post(&server, "/auth/reset", reset("a third good password")).await?;
    assert_eq!(again.problem(), (422, "link_invalid".to_owned()));
    assert_eq!(mailbox.next().await?.subject(), "Your password was changed");

    assert_eq!(
        people::refresh(&server, &person.cookie).await?.status,
        401,
        "signed out everywhere"
    );
    assert_eq!(
        try_sign_in(&server, "ada@example.org", PASSWORD)
            .await?
            .status,
        401
    );
    let signed_in = try_sign_in(&server, "ada@example.org", "another good password").await?;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    Ok(())
}

#[tokio::test]
async fn who_asks_for_a_link_learns_nothing_about_the_address() -> Test {
    let mut mailbox = Mailbox::start().await?;
    let server = people::server(&mailbox.configuration()).await?;
    verified(&server, &mut mailbox, "ada@example.org").await?;
    let mut answers = Vec::new();
    for email in ["nobody@example.org", "no address at all", "ada@example.org"] {
        let reply = post(&server, "/auth/reset/request", json!({"email": email})).await?;
        answers.push((reply.status, reply.body));
    }
    assert_eq!(answers, vec![(204, Vec::new()); 3]);
    assert_eq!(mailbox.next().await?.to, "ada@example.org");

    // Who registers again is told by mail alone.
    register(&server, "ada@example.org").await?;
    assert_eq!(
        mailbox.next().await?.subject(),
        "You have an account already"
    );
    assert!(mailbox.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_mail_that_is_refused_for_a_while_is_tried_again() -> Test {
    let mut mailbox = Mailbox::start().await?;
    let server = people::server(&mailbox.configuration()).await?;
    mailbox.refuse(1);
    register(&server, "ada@example.org").await?;
    assert_eq!(mailbox.next().await?.to, "ada@example.org");
    assert!(mailbox.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_invitation_lets_one_address_in_with_its_role() -> Test {
    let mailbox = Mailbox::start().await?;
    let configuration = format!(
        "{}[accounts]\nregistration = \"invited\"\n",
        mailbox.configuration()
    );
    let server = people::server(&configuration).await?;
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let stranger = post(&server, "/auth/register", body).await?;
    assert_eq!(stranger.problem(), (422, "invitation_invalid".to_owned()));
    drop(server);

    let mut mailbox = Mailbox::start().await?;
    let server = people::server(&mailbox.configuration()).await?;
    verified(&server, &mut mailbox, "ada@example.org").await?;
    let admin = sign_in(&server, "ada@example.org").await?;
    let body = json!({"email": "bob@example.org", "role": "ADMIN"});
    let made = admin
        .send(&server, Method::POST, "/admin/invitations", Some(&body))
        .await?;
    assert_eq!(
        (made.status, &made.json()["mailed"]),
        (201, &json!(true)),
        "{made:?}"
    );
    let mail = mailbox.next().await?;
    assert_eq!(mail.to, "bob@example.org");
    let secret = mail.secret("/register#invitation=");
    let register_as = |email: &str| json!({"name": "B", "email": email, "password": PASSWORD, "invitation": secret});
    let other = post(&server, "/auth/register", register_as("eve@example.org")).await?;
    assert_eq!(other.problem(), (422, "invitation_invalid".to_owned()));
    let bob = post(&server, "/auth/register", register_as("bob@example.org")).await?;
    assert_eq!(bob.status, 204, "{bob:?}");
    // The invitation went to the address, so it is verified.
    let bob = sign_in(&server, "bob@example.org").await?;
    assert_eq!(bob.get(&server, "/account").await?.json()["role"], "ADMIN");
    Ok(())
}
