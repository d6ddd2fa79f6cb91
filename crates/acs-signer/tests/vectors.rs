//! Known answers of the official SDKs and documents: `vectors/signing`. Those in `hard_inputs` are drawn from
//! thousands of random cases with odd texts, each signed by the SDK that its `source` names.
#![allow(clippy::unwrap_used, reason = "not a library")]

use acs_conformance::signing::{self, Outcome};

#[test]
fn every_vector_of_a_supported_scheme_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/signing");
    let results = signing::run(&[folder.into()]).unwrap();
    let mut passed = 0;
    for result in &results {
        match &result.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Skipped(_) => {}
            Outcome::Failed(difference) => panic!("{}: {difference}", result.case),
        }
    }
    assert_eq!(
        (passed, results.len()),
        (557, 572),
        "vectors have gone missing"
    );
}
