//! What an operator or a program forbids, and what is then not done.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use acs_core::ReplayTransport;
use acs_credentials::{
    Chain, CliProfile, Context, CredentialsUri, EcsRamRole, FixedEnv, Profile, Source, SystemFiles,
    from_options,
};

const URI: &str = "http://127.0.0.1:1/keys";
const SESSION: &str = r#"{"AccessKeyId":"STS.U","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"}"#;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn context(home: &Path, variables: &[(&str, &str)]) -> (Context, Arc<ReplayTransport>) {
    let mut env = FixedEnv::from([("HOME", home.as_os_str())]);
    for (name, value) in variables {
        env.set(format!("ALIBABA_CLOUD_{name}"), *value);
    }
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, SESSION);
    let context = Context::isolated()
        .with_env(env)
        .with_files(SystemFiles)
        .with_transport(Arc::clone(&transport) as _);
    (context, transport)
}

/// Writes both files, so that they name a program or an address, and returns what reads them.
fn sources(home: &Path, profile: &str, section: &str) -> Vec<Box<dyn Source>> {
    write(
        &home.join(".aliyun/config.json"),
        &format!(r#"{{"current":"a","profiles":[{{"name":"a",{profile}}}]}}"#),
    );
    write(
        &home.join(".alibabacloud/credentials"),
        &format!("[default]\n{section}\n"),
    );
    let options = section.lines().filter_map(|line| line.split_once('='));
    vec![
        Box::new(CliProfile::current()),
        Box::new(Profile::current()),
        Box::new(from_options(options).unwrap()),
    ]
}

#[tokio::test]
async fn the_switch_stops_every_program_and_address_that_files_and_options_name() {
    let home = tempfile::tempdir().unwrap();
    let program = (
        r#""mode":"External","process_command":"/bin/true""#,
        "type=external\nprocess_command=/bin/true",
    );
    let address = (
        &*format!(r#""mode":"CredentialsURI","credentials_uri":"{URI}""#),
        &*format!("type=credentials_uri\nurl={URI}"),
    );
    for (profile, section) in [program, address] {
        for source in sources(home.path(), profile, section) {
            for value in ["1", "true", "TRUE"] {
                let (context, transport) =
                    context(home.path(), &[("DISABLE_EXTERNAL_PROCESS", value)]);
                let error = source.load(&context).await.unwrap_err().to_string();
                assert!(
                    error.contains("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids it"),
                    "{section}: {error}"
                );
                assert!(transport.sent().is_empty(), "{section}");
            }
            let (context, transport) = context(home.path(), &[]);
            let error = source
                .load(&context.allow_process(false))
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains("the program forbids it"), "{error}");
            assert!(transport.sent().is_empty(), "{section}");
        }
    }
    // Without the switch, the address is asked.
    for source in sources(home.path(), address.0, address.1) {
        let (context, transport) = context(home.path(), &[("DISABLE_EXTERNAL_PROCESS", "0")]);
        source.load(&context).await.unwrap();
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test]
async fn the_switch_leaves_the_address_of_the_environment_and_of_the_program() {
    let home = tempfile::tempdir().unwrap();
    let variables = [("DISABLE_EXTERNAL_PROCESS", "1"), ("CREDENTIALS_URI", URI)];
    for source in [CredentialsUri::from_env(), CredentialsUri::new(URI)] {
        let (context, transport) = context(home.path(), &variables);
        source.load(&context).await.unwrap();
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_chain_that_forbids_programs_forbids_them_to_its_steps() {
    let home = tempfile::tempdir().unwrap();
    let profile = format!(r#""mode":"CredentialsURI","credentials_uri":"{URI}""#);
    drop(sources(home.path(), &profile, "type=ecs_ram_role"));
    let (context, transport) = context(home.path(), &[]);
    let chain = || Chain::empty("x").with(CliProfile::current());
    let error = chain()
        .allow_process(false)
        .load(&context)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("the program forbids it"),
        "{error}"
    );
    let reports = chain().allow_process(false).explain(&context).await;
    assert!(reports[0].to_string().contains("the program forbids it"));
    // What the context forbids, no chain allows again.
    let strict = context.clone().allow_process(false);
    chain().allow_process(true).load(&strict).await.unwrap_err();
    assert!(transport.sent().is_empty());
    chain().load(&context).await.unwrap();
}

#[tokio::test]
async fn version_1_of_the_metadata_service_is_not_asked_where_anyone_forbids_it() {
    let role = || EcsRamRole::new().role_name("node");
    let chain = |role: EcsRamRole| Chain::empty("x").with(role);
    let home = Path::new("/nowhere");
    for (name, variables, source, is_strict) in [
        ("the provider", &[][..], chain(role().v2_only()), false),
        ("the chain", &[], chain(role()).imds_v2_only(), false),
        ("the context", &[], chain(role()), true),
        (
            "the environment",
            &[("IMDSV1_DISABLED", "1")],
            chain(role()),
            false,
        ),
    ] {
        let (context, _) = context(home, variables);
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..4 {
            transport.answer(404, "");
        }
        let context = context.with_transport(Arc::clone(&transport) as _);
        let context = if is_strict {
            context.imds_v2_only()
        } else {
            context
        };
        source.load(&context).await.unwrap_err();
        let methods: Vec<_> = transport
            .sent()
            .iter()
            .map(|sent| sent.method.clone())
            .collect();
        assert!(
            !methods.is_empty() && methods.iter().all(|method| method == "PUT"),
            "{name}: {methods:?}"
        );
    }
}
