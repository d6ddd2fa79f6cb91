//! Roles that are assumed with another provider's proof: unsigned, and with the proof in the body.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use acs_core::ReplayTransport;
use acs_sts::{AssumeRoleWithOidc, AssumeRoleWithOidcRequired, AssumeRoleWithSaml, Client};

const ROLE: &str = "acs:ram::1234567890123456:role/app";
const ANSWER: &str = r#"{"RequestId":"R-1","Credentials":{"AccessKeyId":"STS.A","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"},"AssumedRoleUser":{"Arn":"a","AssumedRoleId":"i"},"OIDCTokenInfo":{},"SAMLAssertionInfo":{}}"#;

/// A client without credentials, and what it sends by.
fn client() -> (Client, Arc<ReplayTransport>) {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, ANSWER);
    let client = Client::builder("cn-shanghai")
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    (client, transport)
}

/// Checks that a proof was sent, that it was in the body alone, and that nothing signed the request.
fn check(transport: &ReplayTransport, proof: &str) {
    let sent = &transport.sent()[0];
    let url = sent.uri.to_string();
    let headers = format!("{:?}", sent.headers);
    let body = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(body.contains(proof), "{body}");
    assert!(!url.contains(proof) && !headers.contains(proof), "{url}");
    assert!(!url.to_ascii_lowercase().contains("signature="), "{url}");
    assert!(!sent.headers.contains_key("authorization"), "{headers}");
}

#[tokio::test]
async fn an_oidc_token_goes_in_the_body_of_an_unsigned_request() {
    let (client, transport) = client();
    let request = AssumeRoleWithOidc::new(AssumeRoleWithOidcRequired {
        oidc_provider_arn: "acs:ram::1:oidc-provider/k8s".to_owned(),
        role_arn: ROLE.to_owned(),
        oidc_token: "head.proof.sig".to_owned(),
        role_session_name: "alice".to_owned(),
    });
    client.send(request.checked(None).unwrap()).await.unwrap();
    check(&transport, "head.proof.sig");
}

#[tokio::test]
async fn a_saml_assertion_goes_in_the_body_of_an_unsigned_request() {
    let (client, transport) = client();
    let request = AssumeRoleWithSaml::new("acs:ram::1:saml-provider/idp", ROLE, "cHJvb2Y");
    client.send(request.checked(None).unwrap()).await.unwrap();
    check(&transport, "cHJvb2Y");
}
