//! What fuzzing reaches of the native surface.

use manent_protocol::{
    AddressRequest, AppendRequest, ChangePasswordRequest, ChangePermissionsRequest,
    ChangeRoleRequest, ConfirmTwoFactorRequest, CreateConversationRequest, CreateKeyRequest,
    DeleteAccountRequest, GenerateRequest, InviteRequest, ProviderKeyRequest, RecordRequest,
    RegisterRequest, ResetPasswordRequest, SecondFactorRequest, SignInRequest, TurnRequest,
    TwoFactorProof, UpdateAccountRequest, UpdateConversationRequest, VerifyRequest,
};
use manent_types::RunId;

use super::cursor;
use crate::http::body::parse_json;

/// A place in a list or a stream, as a client sent it back: what is taken is what this server would have written for that place.
pub(crate) fn cursor(run: RunId, text: &str) {
    if let Ok(place) = cursor::open_conversation(text) {
        let sealed = cursor::seal_conversation(&place).unwrap_or_default();
        assert_eq!(cursor::open_conversation(&sealed).ok(), Some(place));
    }
    if let Ok(range) = cursor::open_messages(text) {
        let again = cursor::open_messages(&cursor::seal_messages(range));
        assert_eq!(again.ok(), Some(range));
    }
    if let Ok(place) = cursor::open_search(text) {
        let again = cursor::open_search(&cursor::seal_search(place));
        assert_eq!(again.ok(), Some(place));
    }
    if let Ok(place) = cursor::open_run(run, text) {
        let again = cursor::open_run(run, &cursor::seal_run(run, place));
        assert_eq!(again.ok(), Some(place));
    }
    if let Ok(place) = cursor::open_feed(text) {
        assert_eq!(place.to_string(), text);
    }
}

/// A body, where each kind of body is expected: an error says something, in few words.
pub(crate) fn body(bytes: &[u8]) {
    let errors = [
        parse_json::<CreateConversationRequest>(bytes).err(),
        parse_json::<UpdateConversationRequest>(bytes).err(),
        parse_json::<AppendRequest<'_>>(bytes).err(),
        parse_json::<GenerateRequest>(bytes).err(),
        parse_json::<TurnRequest>(bytes).err(),
        parse_json::<RegisterRequest>(bytes).err(),
        parse_json::<SignInRequest>(bytes).err(),
        parse_json::<SecondFactorRequest>(bytes).err(),
        parse_json::<ChangePasswordRequest>(bytes).err(),
        parse_json::<CreateKeyRequest>(bytes).err(),
        parse_json::<ProviderKeyRequest>(bytes).err(),
        parse_json::<ConfirmTwoFactorRequest>(bytes).err(),
        parse_json::<TwoFactorProof>(bytes).err(),
        parse_json::<VerifyRequest>(bytes).err(),
        parse_json::<ResetPasswordRequest>(bytes).err(),
        parse_json::<AddressRequest>(bytes).err(),
        parse_json::<DeleteAccountRequest>(bytes).err(),
        parse_json::<UpdateAccountRequest>(bytes).err(),
        parse_json::<ChangePermissionsRequest>(bytes).err(),
        parse_json::<InviteRequest>(bytes).err(),
        parse_json::<ChangeRoleRequest>(bytes).err(),
        parse_json::<RecordRequest>(bytes).err(),
    ];
    for error in errors.into_iter().flatten() {
        let detail = error.detail();
        assert!(!detail.is_empty() && detail.len() <= 1_500, "{detail:?}");
    }
}
