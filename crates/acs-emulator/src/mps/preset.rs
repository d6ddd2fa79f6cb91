//! The preset templates that every account has.

/// Preset templates by prefix and serial numbers, from the preset template details of MPS.
/// The smart ones (`S00000000`) are left out: they need an analysis job first.
const PRESETS: [(&str, &[&str]); 9] = [
    (
        "S00000001-0000",
        &["00", "10", "20", "30", "40", "60", "70"],
    ),
    (
        "S00000001-1000",
        &["00", "10", "20", "30", "40", "60", "70"],
    ),
    (
        "S00000001-2000",
        &["00", "10", "20", "30", "40", "60", "70"],
    ),
    ("S00000001-3000", &["10", "20", "30", "40", "50"]),
    ("S00000001-4000", &["40", "70"]),
    ("S00000002-0000", &["20", "30", "40", "50", "60", "70"]),
    ("S00000002-1000", &["20", "30", "40", "50", "60", "70"]),
    ("S00000002-2000", &["20", "30", "40", "50", "60", "70"]),
    ("S00000003-2000", &["20", "30", "40", "50"]),
];

/// Tells whether a job may use the template `id`.
pub(super) fn is_preset(id: &str) -> bool {
    PRESETS.iter().any(|(prefix, serials)| {
        id.strip_prefix(prefix)
            .is_some_and(|serial| serials.contains(&serial))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_presets_are_known_and_others_are_not() {
        for id in ["S00000001-200030", "S00000001-300010", "S00000003-200050"] {
            assert!(is_preset(id), "{id}");
        }
        for id in [
            "S00000001-999999",
            "S00000001-200050",
            "S00000000-200030",
            "",
        ] {
            assert!(!is_preset(id), "{id}");
        }
    }
}
