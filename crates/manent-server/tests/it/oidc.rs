//! Signing in through an OpenID provider: a certified one, run on this machine, and in front of it somebody who may change what it says.

mod bearer;
mod browser;
mod linking;
mod outage;
mod provider;
mod sign_in;
mod sign_out;
mod tampering;
mod tokens;
