//! From what the provider says of somebody to what the accounts want to know.

use manent_accounts::account::OpenIdIdentity;
use manent_accounts::email::EmailAddress;
use manent_accounts::services::{OpenIdPerson, OpenIdRefusal};
use manent_oidc::Person;

/// The person, if the provider gives them the role that one needs here.
pub(super) fn let_in(person: Person) -> Result<OpenIdPerson, OpenIdRefusal> {
    if !person.has_required_role {
        return Err(OpenIdRefusal::RoleMissing);
    }
    let email = person.email.as_deref();
    Ok(OpenIdPerson {
        identity: OpenIdIdentity {
            issuer: person.issuer,
            subject: person.subject,
        },
        email: email.and_then(|text| EmailAddress::parse(text).ok()),
        is_email_verified: person.is_email_verified,
        username: person.username,
        name: person.name,
        is_administrator: person.is_administrator,
    })
}
