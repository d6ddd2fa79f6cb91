//! Alibaba Cloud STS (2015-04-01): every operation, typed.
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;

mod checked;
mod checks;
mod hints;
mod session_name;

pub use checks::{
    DEFAULT_MAX_SESSION_SECONDS, MAX_POLICY_CHARS, MAX_SESSION_SECONDS, MIN_SESSION_SECONDS,
    check_duration, check_external_id, check_oidc_provider_arn, check_oidc_token,
    check_oidc_token_characters, check_policy, check_role_arn, check_saml_assertion,
    check_saml_provider_arn, check_session_name, check_session_name_characters,
};
pub use hints::{explain, explain_code};
pub use session_name::session_name_for;

/// A client of this product: see [`acs_core::Client`].
pub type Client = acs_core::Client<Sts>;
