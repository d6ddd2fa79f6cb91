use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// Reads environment variables.
pub trait Env: fmt::Debug + Send + Sync {
    /// Returns the value of a variable, if it is set.
    fn var(&self, name: &str) -> Option<OsString>;
}

/// The environment of the process, read at each call.
#[derive(Clone, Copy, Debug)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[allow(clippy::disallowed_methods)] // the one place where the environment comes in
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// A list of variables, for tests. Its `Debug` text shows names only.
#[derive(Clone, Default)]
pub struct FixedEnv(BTreeMap<String, OsString>);

impl FixedEnv {
    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for FixedEnv {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl<K: Into<String>, V: Into<OsString>, const N: usize> From<[(K, V); N]> for FixedEnv {
    fn from(variables: [(K, V); N]) -> Self {
        variables.into_iter().collect()
    }
}

impl Env for FixedEnv {
    fn var(&self, name: &str) -> Option<OsString> {
        self.0.get(name).cloned()
    }
}

impl fmt::Debug for FixedEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
