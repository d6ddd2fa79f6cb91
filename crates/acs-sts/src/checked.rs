//! Requests that were checked in full before they are sent.

use std::time::Duration;

use acs_core::Error;

use crate::checks::{
    check_duration, check_external_id, check_oidc_provider_arn, check_oidc_token, check_policy,
    check_role_arn, check_saml_assertion, check_saml_provider_arn, check_session_name,
};
use crate::{AssumeRole, AssumeRoleWithOidc, AssumeRoleWithSaml};

impl AssumeRole {
    /// Checks all that STS would refuse: ARN, session name, external id, the policy's size and JSON, and the duration,
    /// which is 900 to 3600 s. `role_maximum` states the role's own `MaxSessionDuration` and so allows longer sessions,
    /// of 43,200 s at most.
    ///
    /// ```
    /// use std::time::Duration;
    /// use acs_sts::AssumeRole;
    ///
    /// let request = || AssumeRole::new("acs:ram::1234567890123456:role/app", "alice").duration_seconds(7200);
    /// assert_eq!(request().checked(None).unwrap_err().field(), Some("DurationSeconds"));
    /// request().checked(Some(Duration::from_secs(7200)))?;
    /// # Ok::<(), acs_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first field that is wrong, by name.
    pub fn checked(self, role_maximum: Option<Duration>) -> Result<Self, Error> {
        check_role_arn(&self.role_arn)?;
        check_session_name(&self.role_session_name)?;
        if let Some(id) = &self.external_id {
            check_external_id(id)?;
        }
        check_session(self.policy.as_deref(), self.duration_seconds, role_maximum)?;
        Ok(self)
    }
}

impl AssumeRoleWithOidc {
    /// Checks all that STS would refuse: see [`AssumeRole::checked`].
    ///
    /// # Errors
    /// The first field that is wrong, by name. The token is not shown.
    pub fn checked(self, role_maximum: Option<Duration>) -> Result<Self, Error> {
        check_oidc_provider_arn(&self.oidc_provider_arn)?;
        check_role_arn(&self.role_arn)?;
        check_oidc_token(&self.oidc_token)?;
        check_session_name(&self.role_session_name)?;
        check_session(self.policy.as_deref(), self.duration_seconds, role_maximum)?;
        Ok(self)
    }
}

impl AssumeRoleWithSaml {
    /// Checks all that STS would refuse: see [`AssumeRole::checked`].
    ///
    /// # Errors
    /// The first field that is wrong, by name. The assertion is not shown.
    pub fn checked(self, role_maximum: Option<Duration>) -> Result<Self, Error> {
        check_saml_provider_arn(&self.saml_provider_arn)?;
        check_role_arn(&self.role_arn)?;
        check_saml_assertion(&self.saml_assertion)?;
        check_session(self.policy.as_deref(), self.duration_seconds, role_maximum)?;
        Ok(self)
    }
}

fn check_session(
    policy: Option<&str>,
    seconds: Option<i64>,
    role_maximum: Option<Duration>,
) -> Result<(), Error> {
    if let Some(policy) = policy {
        check_policy(policy)?;
    }
    if let Some(seconds) = seconds {
        // A negative duration is as short as none.
        let seconds = u64::try_from(seconds).unwrap_or_default();
        check_duration(Duration::from_secs(seconds), role_maximum)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AssumeRoleWithOidcRequired;

    const ROLE: &str = "acs:ram::1234567890123456:role/app";

    #[test]
    fn each_field_that_sts_would_refuse_is_named() {
        let right = || AssumeRole::new(ROLE, "alice");
        right().checked(None).unwrap();
        right()
            .duration_seconds(900)
            .external_id("EXT")
            .policy("{}")
            .checked(None)
            .unwrap();
        for (request, field) in [
            (AssumeRole::new("role/app", "alice"), "RoleArn"),
            (AssumeRole::new(ROLE, "a"), "RoleSessionName"),
            (right().external_id("x"), "ExternalId"),
            (right().policy("[]"), "Policy"),
            (right().duration_seconds(899), "DurationSeconds"),
            (right().duration_seconds(-1), "DurationSeconds"),
            (right().duration_seconds(3601), "DurationSeconds"),
        ] {
            assert_eq!(request.checked(None).unwrap_err().field(), Some(field));
        }
    }

    #[test]
    fn a_longer_session_needs_the_roles_own_maximum() {
        let request = || AssumeRole::new(ROLE, "alice").duration_seconds(43_200);
        request().checked(None).unwrap_err();
        request()
            .checked(Some(Duration::from_secs(43_200)))
            .unwrap();
        request()
            .checked(Some(Duration::from_secs(43_201)))
            .unwrap_err();
    }

    #[test]
    fn the_proofs_of_other_identity_providers_are_checked_and_not_shown() {
        let oidc = AssumeRoleWithOidc::new(AssumeRoleWithOidcRequired {
            oidc_provider_arn: "acs:ram::1:oidc-provider/k8s".to_owned(),
            role_arn: ROLE.to_owned(),
            oidc_token: "canary token".to_owned(),
            role_session_name: "alice".to_owned(),
        });
        let saml =
            AssumeRoleWithSaml::new("acs:ram::1:saml-provider/idp", ROLE, "canary assertion");
        for (error, field) in [
            (oidc.checked(None).unwrap_err(), "OIDCToken"),
            (saml.checked(None).unwrap_err(), "SAMLAssertion"),
        ] {
            assert_eq!(error.field(), Some(field));
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
