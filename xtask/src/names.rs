//! Rust names from names on the wire, whatever mix of acronyms those are.

/// How many bytes a name has at most: it names files too, which have at most 255 with what is added to it.
const MAX_LENGTH: usize = 120;

/// `AssumeRoleWithOIDC` -> `assume_role_with_oidc`, `iOS` -> `ios`, `CoverURLs` -> `cover_urls`.
pub(crate) fn snake(name: &str) -> String {
    let joined = cut(words(name).join("_"));
    if joined.is_empty() {
        return "unnamed".to_owned();
    }
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        format!("n{joined}")
    } else {
        joined
    }
}

/// `AssumeRoleWithOIDC` -> `AssumeRoleWithOidc`.
pub(crate) fn pascal(name: &str) -> String {
    let joined = cut(words(name).iter().map(|word| capital(word)).collect());
    if joined.is_empty() {
        return "Unnamed".to_owned();
    }
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        format!("N{joined}")
    } else {
        joined
    }
}

/// Leaves the end of a name away that no file could have.
fn cut(mut name: String) -> String {
    while name.len() > MAX_LENGTH || name.ends_with('_') {
        name.pop();
    }
    name
}

/// `InvalidVideo.NotFound` -> `INVALID_VIDEO_NOT_FOUND`.
pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// The first of `name`, `name2`, `name3` ... that is free; `between` stands before the number.
pub(crate) fn free(name: &str, between: &str, is_free: impl Fn(&str) -> bool) -> String {
    let bare = name.trim_end_matches('_');
    let numbered = (2_u32..).map(|n| format!("{bare}{between}{n}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| is_free(name))
        .unwrap_or_else(|| name.to_owned())
}

/// A field's or function's name: keywords are raw where they can be.
pub(crate) fn field(name: &str) -> String {
    let name = snake(name);
    match name.as_str() {
        "self" | "super" | "crate" | "_" => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        _ => name,
    }
}

/// A module's name; a keyword gets a trailing `_`, since it names a file too.
pub(crate) fn module(name: &str) -> String {
    // rustc looks for files of modules with names of ASCII only.
    let ascii = |c: char| {
        if c.is_ascii() {
            c.to_string()
        } else {
            format!("u{:x}", u32::from(c))
        }
    };
    let name: String = snake(name).chars().map(ascii).collect();
    // `mod.rs` is taken, and so are the crates that generated code names.
    let taken = ["self", "super", "crate", "mod", "acs_core", "std", "core"];
    if KEYWORDS.contains(&name.as_str()) || taken.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

/// The name of one item of a list: `PlayInfoList` -> `PlayInfo`, `Tags` -> `Tag`.
pub(crate) fn singular(name: &str) -> String {
    let stem = name
        .strip_suffix("List")
        .filter(|stem| !stem.is_empty())
        .unwrap_or(name);
    if stem != name || !stem.ends_with('s') || stem.len() < 4 {
        return stem.to_owned();
    }
    let cut = |count: usize| stem[..stem.len() - count].to_owned();
    if stem.ends_with("ies") {
        return if stem.ends_with("Series") {
            stem.to_owned()
        } else {
            cut(3) + "y"
        };
    }
    if ["sses", "shes", "ches", "xes", "uses"]
        .iter()
        .any(|end| stem.ends_with(end))
    {
        return cut(2);
    }
    if ["ss", "us", "is", "ps", "News"]
        .iter()
        .any(|end| stem.ends_with(end))
        && !stem.ends_with("Ips")
        && !stem.ends_with("roups")
        && !stem.ends_with("ops")
        && !stem.ends_with("aps")
        && !stem.ends_with("eps")
    {
        return stem.to_owned();
    }
    cut(1)
}

/// Words that are written in a way no rule would find.
const WHOLE: &[&str] = &[
    "iOS",
    "macOS",
    "IPv4",
    "IPv6",
    "IPV4",
    "IPV6",
    "Ipv4",
    "Ipv6",
    "OAuth2",
    "OAuth",
    "DDoS",
    "QoS",
    "SaaS",
    "PaaS",
    "IaaS",
    "MySQL",
    "NoSQL",
    "PostgreSQL",
    "OpenAPI",
    "WiFi",
    "UserDNSs",
];

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut index = 0;
    let mut is_open = false;
    while index < chars.len() {
        if !is_part(chars[index]) {
            // What no name of Rust's can hold parts words; a letter that can't be had is told by its number.
            if chars[index].is_alphabetic() {
                words.push(format!("u{:x}", u32::from(chars[index])));
            }
            is_open = false;
            index += 1;
            continue;
        }
        if let Some(length) = whole_word(&chars, index, is_open) {
            words.push(
                chars[index..index + length]
                    .iter()
                    .collect::<String>()
                    .to_lowercase(),
            );
            index += length;
            is_open = false;
            continue;
        }
        let lower = || chars[index].to_lowercase().collect::<String>();
        match words
            .last_mut()
            .filter(|_| is_open && !starts_word(&chars, index))
        {
            Some(word) => word.push_str(&lower()),
            None => words.push(lower()),
        }
        is_open = true;
        index += 1;
    }
    words
}

/// Whether a name can hold a character without a warning of rustc's: letters and digits of ASCII, and Chinese.
fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
            && !LOOKALIKES.contains(c))
}

/// Chinese characters that look like those of other scripts, which the lint `mixed_script_confusables` warns of.
const LOOKALIKES: &str = "一丅丫丿乄二亻八力匕卜厶口囗夕工彐礻";

/// Whether a word begins here, after a letter or digit.
fn starts_word(chars: &[char], index: usize) -> bool {
    let here = chars[index];
    let before = chars[index - 1];
    if !here.is_uppercase() {
        return false;
    }
    if before.is_lowercase() || before.is_ascii_digit() {
        return true;
    }
    // The last capital of a run begins the next word, unless what follows is the plural of the acronym.
    let next_is_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
    next_is_lower && !is_plural(chars, index + 1)
}

/// An `s` at the end of a word after a run of capitals: `URLs`, `MediaIDs`.
fn is_plural(chars: &[char], index: usize) -> bool {
    chars[index] == 's'
        && index >= 2
        && chars[index - 1].is_uppercase()
        && chars[index - 2].is_uppercase()
        && chars.get(index + 1).is_none_or(|next| !next.is_lowercase())
}

fn whole_word(chars: &[char], index: usize, is_open: bool) -> Option<usize> {
    // Inside a word only one that starts with a capital can begin.
    if is_open && !chars[index].is_uppercase() {
        return None;
    }
    WHOLE
        .iter()
        .map(|word| word.chars().collect::<Vec<_>>())
        .find_map(|word| {
            let end = index + word.len();
            let is_here = chars.len() >= end && chars[index..end] == word[..];
            let is_closed = chars.get(end).is_none_or(|next| !next.is_lowercase());
            (is_here && is_closed).then_some(word.len())
        })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Types, traits and derive macros of the prelude, which a type of these names would hide from generated code; and `New`, whose `new`
/// would look like a mistake.
pub(crate) const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "New",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// Keywords of the 2024 edition that can be raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acronyms_of_any_mix_become_words() {
        for (wire, expected) in [
            ("AssumeRoleWithOIDC", "assume_role_with_oidc"),
            ("GetURLUploadInfos", "get_url_upload_infos"),
            ("iOS", "ios"),
            ("CoverURL", "cover_url"),
            ("FailedFileURLs", "failed_file_urls"),
            ("MediaIDs", "media_ids"),
            ("MediaIds", "media_ids"),
            ("IPv6", "ipv6"),
            ("EnableIPv6Address", "enable_ipv6_address"),
            ("UV", "uv"),
            ("OIDCToken", "oidc_token"),
            (
                "DescribeVodSSLCertificateList",
                "describe_vod_ssl_certificate_list",
            ),
            ("blockRemain", "block_remain"),
            ("SystemDisk.Category", "system_disk_category"),
            ("x-fc-request-id", "x_fc_request_id"),
            ("Md5Support", "md5_support"),
            ("H264Codec", "h264_codec"),
            ("HDRType", "hdr_type"),
            ("2K", "n2_k"),
            ("__name__", "name"),
            ("", "unnamed"),
            ("名称Name", "名称_name"),
            ("工", "u5de5"),
            ("naïve", "na_uef_ve"),
            ("Ⓐ", "u24b6"),
            ("a\u{301}b", "a_b"),
        ] {
            assert_eq!(snake(wire), expected, "{wire}");
        }
        assert_eq!(pascal("GetURLUploadInfos"), "GetUrlUploadInfos");
    }

    #[test]
    fn keywords_stay_readable() {
        assert_eq!(field("Type"), "r#type");
        assert_eq!(field("Self"), "self_");
        assert_eq!(module("Match"), "match_");
    }

    #[test]
    fn an_item_is_named_in_the_singular() {
        for (many, one) in [
            ("PlayInfoList", "PlayInfo"),
            ("Tags", "Tag"),
            ("Categories", "Category"),
            ("Status", "Status"),
            ("Addresses", "Address"),
            ("Media", "Media"),
            ("Groups", "Group"),
            ("Https", "Https"),
        ] {
            assert_eq!(singular(many), one, "{many}");
        }
    }
}
