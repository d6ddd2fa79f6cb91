//! Runs scenario files of credentials: a scripted environment, files, HTTP server and clock go in, and credentials,
//! requests and files are compared with what the scenario expects.
//!
//! The schema is that of `crates/acs-credentials/vectors/official.json`, whose `notation` explains its keys. Judged is by
//! `expect`; the keys `python` and `node` tell how those SDKs differ, and are passed over.

mod check;
mod scenario;
mod world;

use std::path::{Path, PathBuf};

use acs_core::{Credentials, Error};
use acs_credentials::{
    Chain, CliProfile, CredentialsCache, CredentialsUri, EcsRamRole, Environment, OidcRoleArn,
    Profile, SharedSource,
};
use serde_json::Value;

use self::scenario::Scenario;
use self::world::World;
use crate::signing::{CaseResult, Outcome, files};

/// Returns the files that run when none are named.
pub fn own_vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../acs-credentials/vectors")
}

/// Runs the scenarios of files and folders.
///
/// # Errors
/// A file can't be read or is no scenario file.
pub fn run(paths: &[PathBuf]) -> Result<Vec<CaseResult>, String> {
    let mut results = Vec::new();
    for path in files(paths)? {
        let shown = path.display();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{shown}: {error}"))?;
        let file: Value =
            serde_json::from_str(&text).map_err(|error| format!("{shown}: {error}"))?;
        let vectors = file
            .get("vectors")
            .and_then(Value::as_array)
            .ok_or_else(|| format!("{shown}: there is no list `vectors`"))?;
        if vectors.is_empty() {
            return Err(format!("{shown}: the list `vectors` is empty"));
        }
        for vector in vectors {
            let name = vector
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("without a name");
            results.push(CaseResult {
                case: name.to_owned(),
                outcome: run_one(vector),
                unread: Vec::new(),
            });
        }
    }
    Ok(results)
}

fn run_one(vector: &Value) -> Outcome {
    if vector
        .pointer("/construct/config/type")
        .and_then(Value::as_str)
        == Some("rsa_key_pair")
    {
        return Outcome::Skipped("RSA key pairs are not supported");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    let played = match runtime {
        Ok(runtime) => runtime.block_on(play(vector)),
        Err(error) => Err(error.to_string()),
    };
    match played {
        Ok(()) => Outcome::Passed,
        Err(difference) => Outcome::Failed(difference),
    }
}

async fn play(vector: &Value) -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let scenario = Scenario::read(vector, home.path())?;
    let world = World::new(&scenario, home.path())?;
    // What can't be made is an answer too: every call then gives that error.
    let made = construct(&scenario.construct)?.map(|source| {
        CredentialsCache::builder(source)
            .context(world.context())
            .build()
    });
    let start = world.elapsed_ms();
    for (index, call) in scenario.calls.iter().enumerate() {
        world.go_to(call.at).await;
        world.write_files(&call.write)?;
        let expected = scenario
            .expected_calls
            .get(index)
            .ok_or_else(|| format!("call {index}: `expect` does not tell what it gives"))?;
        for answer in fetch(made.as_ref(), call.parallel).await? {
            check::call(expected, answer.as_ref())
                .map_err(|reason| format!("call {index}: {reason}"))?;
        }
        if call.settle {
            world.settle().await;
        }
    }
    let taken = world.elapsed_ms() - start;
    check::after(&scenario, &world, taken)
}

/// Asks for credentials, several times at once where the scenario says so.
async fn fetch(
    made: Result<&CredentialsCache, &Error>,
    parallel: usize,
) -> Result<Vec<Result<Credentials, String>>, String> {
    let cache = match made {
        Ok(cache) => cache,
        Err(error) => return Ok(vec![Err(error.to_string())]),
    };
    let tasks: Vec<_> = (0..parallel)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get().await.map_err(|error| error.to_string()) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.map_err(|error| error.to_string())?);
    }
    Ok(answers)
}

/// Makes what a scenario names. The outer error is that of a scenario which names something unknown.
fn construct(construct: &Value) -> Result<Result<SharedSource, Error>, String> {
    use std::sync::Arc;

    if construct.as_str() == Some("default") {
        return Ok(Ok(Arc::new(Chain::standard())));
    }
    if let Some(config) = construct.get("config").and_then(Value::as_object) {
        let options = config
            .iter()
            .map(|(name, value)| (name.clone(), scenario::plain(value)));
        return Ok(acs_credentials::from_options(options));
    }
    let argument = |names: &[&str]| {
        names.iter().find_map(|name| {
            Some(
                construct
                    .pointer(&format!("/args/{name}"))?
                    .as_str()?
                    .to_owned(),
            )
        })
    };
    let profile = argument(&["profile_name", "profile"]);
    let role = argument(&["role_name"]);
    Ok(Ok(
        match construct.get("provider").and_then(Value::as_str) {
            Some("env") => Arc::new(Environment::new()),
            Some("oidc_role_arn") => Arc::new(OidcRoleArn::from_env()),
            Some("cli_profile") => {
                Arc::new(profile.map_or_else(CliProfile::current, CliProfile::named))
            }
            Some("profile") => Arc::new(profile.map_or_else(Profile::current, Profile::named)),
            Some("ecs_ram_role") => Arc::new(
                role.map_or_else(EcsRamRole::new, |name| EcsRamRole::new().role_name(name)),
            ),
            Some("credential_uri" | "credentials_uri") => Arc::new(
                argument(&["url", "uri"])
                    .map_or_else(CredentialsUri::from_env, CredentialsUri::new),
            ),
            _ => return Err(format!("`construct` names something unknown: {construct}")),
        },
    ))
}
