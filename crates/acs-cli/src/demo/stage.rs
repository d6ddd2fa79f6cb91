//! Where the demo plays: an emulator of its own, one that is running already, or Alibaba Cloud.

use acs_core::{Body, Credentials, ProvideCredentials as _};
use acs_emulator::Emulator;
use serde_json::Value;

use crate::args::{Demo, Method};
use crate::connect::Place;
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
        acs_core::check_region(&args.common.region)?;
        match (&args.common.endpoint, args.live) {
            (Some(endpoint), _) => Self::running_emulator(args, endpoint).await,
            (None, true) => Self::live(args).await,
            (None, false) => Self::own_emulator(args).await,
        }
    }

    async fn own_emulator(args: &Demo) -> Result<Self, Failure> {
        let builder = Emulator::builder().region(&args.common.region);
        let builder = match &args.keep {
            Some(folder) => builder.keep(folder),
            None => builder,
        };
        let started = builder.start().await;
        let emulator = started
            .map_err(|error| Failure::usage(format!("the emulator cannot start: {error}")))?;
        Ok(Self {
            place: Place::new(&args.common.region, Some(emulator.endpoint()))?,
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
        let place = Place::new(&args.common.region, Some(endpoint))?;
        let credentials = acs_credentials::default_chain().credentials().await?;
        let facts = get_json(&place, "/_emulator/account").await?;
        let fact = |name: &str| facts[name].as_str().map(str::to_owned);
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
            place: Place::new(&args.common.region, None)?,
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
    let response = place
        .transport
        .send(request)
        .await
        .map_err(|error| Failure::service(format!("{endpoint}: {error}")))?;
    let body = response
        .into_body()
        .collect(1 << 20)
        .await
        .map_err(|error| Failure::service(format!("{endpoint}: {error}")))?;
    serde_json::from_slice(&body)
        .map_err(|_| Failure::service(format!("{endpoint}: this is not an emulator of ours")))
}
