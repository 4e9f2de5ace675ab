//! `librechat.yaml` and LibreChat's environment variables, as typed values and findings.
//!
//! Every key is understood, ignored because nobody misses it, or unsupported with a sentence about what that means ([`Finding`]). What cannot
//! be read at all is a [`Mistake`], with which nothing starts.

mod arithmetic;
mod endpoints;
mod environment;
mod expand;
mod finding;
mod interface;
mod librechat;
mod manent_settings;
mod model_specs;
mod section;
mod variables;
mod yaml;

pub use endpoints::{Endpoint, EndpointKind, EndpointModel, Given, TokenRates};
pub use environment::{Environment, MOST_ENVIRONMENT_BYTES};
pub use finding::{Finding, Mistake, Place, Verdict};
pub use interface::Interface;
pub use librechat::{LibreChat, Loaded, load};
pub use manent_settings::{ManentSetting, SignIn};
pub use model_specs::{EffectivePreset, ModelSpec, ModelSpecs, SpecRefusal};
pub use variables::Variables;
pub use yaml::MOST_BYTES;
