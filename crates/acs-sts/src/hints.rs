//! What the errors of STS mean, and what to do about them.

use acs_core::Error;

/// Explains an error of STS: what to look at and what to change. `None` where its message says all there is to say.
///
/// Some of the server's messages still tell limits that were raised long ago; the explanation tells those that hold.
pub fn explain(error: &Error) -> Option<&'static str> {
    let message = error.service_error().map_or("", |service| &service.message);
    explain_code(error.code()?, message)
}

/// Explains a code and message of STS: see [`explain`].
pub fn explain_code(code: &str, message: &str) -> Option<&'static str> {
    let says = |words: &str| message.contains(words);
    Some(match code {
        "NoPermission" | "AuthenticationFail.NoPermission" => NO_PERMISSION,
        "EntityNotExist.Role" => {
            "there is no role of this name in the account that the ARN names: check both in the RAM console"
        }
        "InvalidParameter.RoleArn" => "a role ARN has the form `acs:ram::<account id>:role/<name>`",
        "InvalidParameter.RoleSessionName" => SESSION_NAME,
        "InvalidParameter.DurationSeconds" => DURATION,
        "InvalidParameter.PolicySize" => POLICY_SIZE,
        "InvalidParameter.PolicyGrammar" => {
            "the inline policy is JSON, but no RAM policy: it needs `Version` `1` and a list `Statement`"
        }
        "InvalidParameter" if says("RoleSessionName") => SESSION_NAME,
        "InvalidParameter" if says("DurationSeconds") => DURATION,
        "InvalidParameter" if says("Policy") => POLICY_SIZE,
        "AuthenticationFail.SAMLAssertion.Expired" => {
            "the SAML assertion has expired: fetch a new one from the identity provider"
        }
        "AuthenticationFail.SAMLAssertion.Invalid" => {
            "the SAML assertion is not one of the provider that the ARN names, or was changed on its way"
        }
        code if code.starts_with("AuthenticationFail.OIDCToken.Expired") => {
            "the OIDC token has expired: is the token file still being renewed?"
        }
        code if code.starts_with("AuthenticationFail.OIDCToken") => {
            "the OIDC token does not match the provider that the ARN names: compare issuer, audience and the trust policy's conditions"
        }
        code if code.starts_with("InvalidSecurityToken") => {
            "the session of the source credentials has expired or does not belong to their key"
        }
        "InvalidAccessKeyId.NotFound" => {
            "there is no such AccessKey: was it deleted, or is it another account's?"
        }
        "InvalidAccessKeyId.Inactive" => {
            "the AccessKey was deactivated: activate it in the RAM console or use another"
        }
        _ => return None,
    })
}

const NO_PERMISSION: &str = "one of two policies is missing: either the caller may not call sts:AssumeRole on this role (attach AliyunSTSAssumeRoleAccess, or a policy that names the role, to the RAM user), or the role's trust policy does not name the caller; and an account's own key can never assume a role";
const SESSION_NAME: &str =
    "a session name has 2 to 64 letters, digits and `.@_-` (older messages say 32)";
const DURATION: &str = "a session lasts 900 s up to the role's MaxSessionDuration, which is 3600 s unless the role was changed (43,200 s at most)";
const POLICY_SIZE: &str = "an inline policy has at most 2048 characters (older messages say 1024)";

#[cfg(test)]
mod tests {
    use acs_core::ServiceError;

    use super::*;

    fn error(code: &str, message: &str) -> Error {
        let mut service = ServiceError::default();
        service.status = 400;
        code.clone_into(&mut service.code);
        message.clone_into(&mut service.message);
        Error::service(service)
    }

    #[test]
    fn no_permission_names_both_policies() {
        let text = explain(&error("NoPermission", "You are not authorized")).unwrap();
        assert!(
            text.contains("sts:AssumeRole") && text.contains("trust policy"),
            "{text}"
        );
    }

    #[test]
    fn old_messages_are_mapped_to_the_limits_that_hold() {
        for (code, message, expected) in [
            (
                "InvalidParameter.RoleSessionName",
                "The length must be 2-32",
                "64",
            ),
            ("InvalidParameter", "RoleSessionName is invalid", "64"),
            (
                "InvalidParameter.PolicySize",
                "must be at most 1024 bytes",
                "2048",
            ),
            ("InvalidParameter.DurationSeconds", "900 to 3600", "43,200"),
        ] {
            let text = explain(&error(code, message)).unwrap();
            assert!(text.contains(expected), "{code}: {text}");
        }
    }

    #[test]
    fn an_unknown_code_is_left_to_its_message() {
        assert_eq!(explain(&error("Whatever", "x")), None);
        assert_eq!(explain(&Error::invalid_parameter("x", "y")), None);
    }
}
