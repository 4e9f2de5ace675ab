//! Short texts with a form: e-mail addresses, names, ids, times, secrets of a second factor. What is taken is taken again as the same.
#![no_main]

use std::str::FromStr;

use manent_accounts::email::EmailAddress;
use manent_accounts::name::DisplayName;
use manent_accounts::two_factor::{TotpSecret, TwoFactor, otpauth_url};
use manent_accounts::username::Username;
use manent_types::{ConversationId, DeviceId, MessageStatus, Role, Timestamp};

fn stable<T: FromStr + ToString>(text: &str) {
    if let Ok(value) = T::from_str(text) {
        let written = value.to_string();
        let again = T::from_str(&written).ok().map(|value| value.to_string());
        assert_eq!(again, Some(written));
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    stable::<ConversationId>(text);
    stable::<Timestamp>(text);
    let _ = (
        DeviceId::from_str(text),
        Role::from_str(text),
        MessageStatus::from_str(text),
    );
    if let Ok(email) = EmailAddress::parse(text) {
        let written = email.as_str();
        assert!(
            written.len() <= 254 && !written.chars().any(char::is_control),
            "{written:?}"
        );
        assert!(!written.chars().any(char::is_whitespace), "{written:?}");
        assert_eq!(EmailAddress::parse(written).ok().as_ref(), Some(&email));
        let secret = TotpSecret::from_bytes(&[7; 20]).unwrap();
        let _ = otpauth_url("Manent", &email, &secret);
    }
    if let Ok(name) = Username::parse(text) {
        assert_eq!(Username::parse(name.as_str()).ok().as_ref(), Some(&name));
    }
    if let Ok(name) = DisplayName::parse(text) {
        assert_eq!(DisplayName::parse(name.as_str()).ok().as_ref(), Some(&name));
    }
    if let Ok(secret) = TotpSecret::from_base32(text) {
        let _ = secret.matching_step(text, Timestamp::from_millisecond(0).unwrap());
    }
    let _ = TwoFactor::decode(Some(text));
});
