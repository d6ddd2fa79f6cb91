//! STS 2015-04-01: AssumeRole and GetCallerIdentity.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock;
use crate::error::ServiceError;
use crate::identity::{MAX_SESSION_SECONDS, Principal};
use crate::policy;
use crate::rpc::Call;

pub(crate) fn call(call: &Call<'_>) -> Result<Value, ServiceError> {
    match call.action {
        "AssumeRole" => assume_role(call),
        "GetCallerIdentity" => caller_identity(call),
        other => Err(ServiceError::unsupported(other)),
    }
}

fn assume_role(call: &Call<'_>) -> Result<Value, ServiceError> {
    let identity = &call.cloud.identity;
    let role_arn = call.required("RoleArn")?;
    let session_name = call.required("RoleSessionName")?;
    if !is_role_arn(role_arn) {
        return Err(invalid(
            "RoleArn",
            "The parameter RoleArn is wrongly formed.",
        ));
    }
    if !(2..=64).contains(&session_name.len())
        || !session_name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".@_-".contains(&b))
    {
        return Err(invalid(
            "RoleSessionName",
            "The parameter RoleSessionName is wrongly formed.",
        ));
    }
    let seconds = match call.optional("DurationSeconds") {
        None => MAX_SESSION_SECONDS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| (900..=MAX_SESSION_SECONDS).contains(seconds))
            .ok_or_else(|| {
                invalid(
                    "DurationSeconds",
                    "The Min/Max value of DurationSeconds is 15min/1hr.",
                )
            })?,
    };
    if let Some(external_id) = call.optional("ExternalId")
        && !is_external_id(external_id)
    {
        return Err(invalid(
            "ExternalId",
            "The parameter ExternalId is wrongly formed.",
        ));
    }
    let inline = call.optional("Policy").map(policy::inline).transpose()?;
    call.authorize("sts:AssumeRole", role_arn)?;
    if role_arn != identity.role_arn() {
        return Err(ServiceError::not_found(
            "EntityNotExist.Role",
            "The specified Role not exists.",
        ));
    }
    let principal = Principal::AssumedRole {
        session_name: session_name.to_owned(),
        inline,
    };
    let lifetime = Duration::from_secs(seconds);
    let session =
        identity.open_session(&call.cloud.random, principal, (call.cloud.now)(), lifetime);
    Ok(json!({
        "AssumedRoleUser": {
            "Arn": format!("{role_arn}/{session_name}"),
            "AssumedRoleId": format!("{}:{session_name}", identity.role.id),
        },
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.token,
            "Expiration": clock::iso_seconds(session.expires_at),
        },
    }))
}

fn caller_identity(call: &Call<'_>) -> Result<Value, ServiceError> {
    let identity = &call.cloud.identity;
    match call.principal {
        Principal::RamUser => Ok(json!({
            "IdentityType": "RAMUser",
            "AccountId": identity.account_id,
            "PrincipalId": identity.user.id,
            "UserId": identity.user.id,
            "Arn": identity.user_arn(),
        })),
        Principal::AssumedRole { session_name, .. } => Ok(json!({
            "IdentityType": "AssumedRoleUser",
            "AccountId": identity.account_id,
            "PrincipalId": format!("{}:{session_name}", identity.role.id),
            "RoleId": identity.role.id,
            "Arn": format!(
                "acs:ram::{}:assumed-role/{}/{session_name}",
                identity.account_id, identity.role.name
            ),
        })),
        Principal::Upload(_) | Principal::Play(_) => {
            call.authorize("sts:GetCallerIdentity", "*")?;
            Err(ServiceError::unsupported("GetCallerIdentity with a ticket"))
        }
    }
}

fn is_role_arn(arn: &str) -> bool {
    let Some((account, role)) = arn
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(":role/"))
    else {
        return false;
    };
    !account.is_empty()
        && account.bytes().all(|b| b.is_ascii_digit())
        && (1..=64).contains(&role.len())
        && role
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".@_-".contains(&b))
}

fn is_external_id(id: &str) -> bool {
    (2..=1224).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

fn invalid(parameter: &str, message: &str) -> ServiceError {
    ServiceError::bad_request(format!("InvalidParameter.{parameter}"), message)
}
