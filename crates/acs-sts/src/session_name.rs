//! Session names of user ids, so that the audit log says for whom a session was made.

use sha2::{Digest as _, Sha256};

use crate::checks::{check_session_name, is_session_name_char};

/// How many hexadecimal digits of the hash a made name ends with: 128 bits.
const DIGITS: usize = 32;
/// How many characters of the id a made name shows: what is left of 64 beside `_` and the digits.
const SHOWN: usize = 64 - 1 - DIGITS;

/// Makes the session name of a user id, so that the audit log (ActionTrail) tells users apart.
///
/// The same id always gives the same name, and different ids different names. An id that is a session name already
/// (2 to 64 letters, digits and `.@_-`) is taken as it is. Any other keeps its first 31 allowed characters, for people
/// to recognise, followed by `_` and 128 bits of its SHA-256 in hexadecimal. An id that ends like a made name is hashed
/// too, so that nobody can choose the name of another.
///
/// ```
/// use acs_sts::session_name_for;
///
/// assert_eq!(session_name_for("alice@example.com"), "alice@example.com");
/// assert_ne!(session_name_for("用户 7"), session_name_for("用户 8"));
/// ```
pub fn session_name_for(user_id: &str) -> String {
    if check_session_name(user_id).is_ok() && !ends_like_a_made_name(user_id) {
        return user_id.to_owned();
    }
    let shown = user_id
        .chars()
        .filter(|c| is_session_name_char(*c))
        .take(SHOWN);
    let hash = Sha256::digest(user_id.as_bytes());
    let digits = hash
        .iter()
        .take(DIGITS / 2)
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16));
    shown.chain(['_']).chain(digits).collect()
}

fn ends_like_a_made_name(id: &str) -> bool {
    id.rsplit_once('_').is_some_and(|(_, tail)| {
        tail.len() == DIGITS
            && tail
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_is_allowed_stays_as_it_is() {
        for id in ["ab", "alice@example.com", "user_7", &"x".repeat(64)] {
            assert_eq!(session_name_for(id), id);
        }
    }

    #[test]
    fn nobody_can_choose_the_made_name_of_another() {
        let made = session_name_for("用户 7");
        assert_ne!(session_name_for(&made), made);
    }

    #[test]
    fn the_made_name_is_the_same_for_ever() {
        // SHA-256 of the empty text, from FIPS 180-4 examples.
        assert_eq!(session_name_for(""), "_e3b0c44298fc1c149afbf4c8996fb924");
    }

    #[test]
    fn a_hundred_thousand_ids_have_as_many_names() {
        let mut names = HashMap::new();
        for number in 0..100_000_u32 {
            // Ids that differ only in what a name cannot hold, or only behind what it shows.
            let ids = [
                format!("{number}"),
                format!("user {number}"),
                format!("user/{number}"),
                format!("{}{number}", "x".repeat(64)),
            ];
            for id in ids.into_iter().filter(|id| id.len() > 1) {
                let name = session_name_for(&id);
                if let Some(other) = names.insert(name, id.clone()) {
                    panic!("{other} and {id} have one name");
                }
            }
        }
        println!("{} ids, {} names", names.len(), names.len());
    }

    proptest! {
        #[test]
        fn every_id_gives_an_allowed_name(id in ".{0,100}") {
            let name = session_name_for(&id);
            prop_assert!(check_session_name(&name).is_ok(), "{name}");
        }

        #[test]
        fn different_ids_give_different_names(one in ".{0,70}", two in ".{0,70}") {
            prop_assume!(one != two);
            prop_assert_ne!(session_name_for(&one), session_name_for(&two));
        }
    }
}
