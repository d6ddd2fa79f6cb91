//! Where the demo plays: an emulator of its own, one that is running already, or Alibaba Cloud.

use acs_core::{Body, Credentials, ProvideCredentials as _};
use acs_emulator::Emulator;
use http::StatusCode;
use serde_json::Value;
use tokio::time::timeout;

use super::LONGEST_SILENCE;
use crate::args::{Demo, Method};
use crate::connect::{Place, check_place};
use crate::failure::Failure;

/// The place, whose key acts as the server's, and what the account has ready.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) credentials: Credentials,
    pub(super) role_arn: Option<String>,
    pub(super) bucket: String,
    pub(super) pipeline_id: String,
    emulator: Option<Emulator>,
}

impl Stage {
    pub(super) async fn set_up(args: &Demo) -> Result<Self, Failure> {
        check_place(&args.common)?;
        match (&args.common.endpoint, args.live) {
            (Some(endpoint), _) => Self::running_emulator(args, endpoint).await,
            (None, true) => Self::live(args).await,
            (None, false) => Self::own_emulator(args).await,
        }
    }

    async fn own_emulator(args: &Demo) -> Result<Self, Failure> {
        let builder = Emulator::builder().region(args.common.region());
        let builder = match &args.keep {
            Some(folder) => builder.keep(folder),
            None => builder,
        };
        let started = builder.start().await;
        let emulator = started.map_err(|error| Failure::emulator(&error))?;
        Ok(Self {
            place: Place::new(args.common.region(), Some(emulator.endpoint()))?,
            credentials: Credentials::access_key(
                emulator.access_key_id(),
                emulator.access_key_secret(),
            )?,
            role_arn: Some(emulator.role_arn()),
            bucket: emulator.bucket().to_owned(),
            pipeline_id: emulator.pipeline_id().to_owned(),
            emulator: Some(emulator),
        })
    }

    async fn running_emulator(args: &Demo, endpoint: &str) -> Result<Self, Failure> {
        let mut place = Place::new(args.common.region(), Some(endpoint))?;
        let credentials = acs_credentials::default_chain().credentials().await?;
        let facts = get_json(&place, "/_emulator/account").await?;
        if facts["discard_bodies"] == true {
            return Err(Failure::usage(format!(
                "{endpoint}: this emulator discards what is uploaded, so that nothing can be played; \
                 start it without --discard-bodies"
            )));
        }
        let fact = |name: &str| facts[name].as_str().map(str::to_owned);
        if let Some(region) = fact("region") {
            match &args.common.region {
                Some(given) if *given != region => {
                    return Err(Failure::usage(format!(
                        "{endpoint}: this emulator plays {region}, not {given}; leave --region out"
                    )));
                }
                _ => place.region = region,
            }
        }
        let needed = |given: &Option<String>, name: &str, flag: &str| {
            given
                .clone()
                .or_else(|| fact(name))
                .ok_or_else(|| Failure::usage(format!("{flag} is needed with this endpoint")))
        };
        Ok(Self {
            credentials,
            role_arn: args.role_arn.clone().or_else(|| fact("role_arn")),
            bucket: needed(&args.bucket, "bucket", "--bucket")?,
            pipeline_id: needed(&args.pipeline, "pipeline_id", "--pipeline")?,
            emulator: None,
            place,
        })
    }

    async fn live(args: &Demo) -> Result<Self, Failure> {
        let missing = |flag: &str| {
            Failure::usage(format!(
                "--live needs {flag}: see what it lists with `acs demo --live`"
            ))
        };
        let bucket = args.bucket.clone().ok_or_else(|| missing("--bucket"))?;
        let pipeline_id = args.pipeline.clone().ok_or_else(|| missing("--pipeline"))?;
        if args.method == Method::Sts && args.role_arn.is_none() {
            return Err(missing("--role-arn"));
        }
        Ok(Self {
            place: Place::new(args.common.region(), None)?,
            credentials: acs_credentials::default_chain().credentials().await?,
            role_arn: args.role_arn.clone(),
            bucket,
            pipeline_id,
            emulator: None,
        })
    }

    /// Says how many requests the emulator verified; nothing on Alibaba Cloud, which doesn't tell.
    pub(super) async fn verified_requests(&self) -> Option<u64> {
        if let Some(emulator) = &self.emulator {
            return Some(emulator.verified_requests());
        }
        self.place.endpoint.as_ref()?;
        get_json(&self.place, "/_emulator/requests").await.ok()?["verified"].as_u64()
    }

    pub(super) async fn tear_down(self) {
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await;
        }
    }
}

/// Fetches what the emulator tells of itself, unsigned.
async fn get_json(place: &Place, path: &str) -> Result<Value, Failure> {
    let endpoint = acs_core::Endpoint::parse(place.endpoint.as_deref().unwrap_or_default())?;
    let request = http::Request::get(format!("{endpoint}{path}")).body(Body::empty());
    let request = request.map_err(|error| Failure::usage(format!("{endpoint}: {error}")))?;
    let failed = |what: String| Failure::service(format!("{endpoint}: {what}"));
    let fetched = timeout(LONGEST_SILENCE, async {
        let response = place
            .transport
            .send(request)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        let body = response
            .into_body()
            .collect(1 << 20)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok::<_, Failure>((status, body))
    });
    let (status, body) = fetched
        .await
        .map_err(|_| failed(format!("no answer within {LONGEST_SILENCE:?}")))??;
    let page = serde_json::from_slice(&body).ok();
    page.filter(|_| status == StatusCode::OK)
        .ok_or_else(|| failed("this is not an emulator of ours".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};
    use crate::demo::silence::Silent;

    impl Stage {
        /// An emulator that stands in for Alibaba Cloud.
        pub(in crate::demo) async fn rehearsal() -> Self {
            let Command::Demo(args) = Cli::parse_from(["acs", "demo"]).command else {
                unreachable!("it was asked for")
            };
            Self::own_emulator(&args).await.unwrap()
        }

        pub(in crate::demo) fn own(&self) -> &Emulator {
            self.emulator.as_ref().unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_falls_silent_is_given_up() {
        for silent in [Silent::BeforeHead, Silent::BeforeBody] {
            let place = Place {
                region: "cn-shanghai".to_owned(),
                endpoint: Some("http://127.0.0.1:9".to_owned()),
                transport: Arc::new(silent),
            };
            let failure = get_json(&place, "/_emulator/account").await.unwrap_err();
            let text = failure.to_string();
            assert!(text.contains("no answer within 10s"), "{text}");
            assert_eq!(failure.code(), 1);
        }
    }
}
