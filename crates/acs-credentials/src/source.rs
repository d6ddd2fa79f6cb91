//! What every provider is: something that can be asked for credentials.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{BoxFuture, Credentials, ProvideCredentials as _, SharedCredentialsProvider};

use crate::context::Context;
use crate::failure::LoadError;

/// A source of credentials, without memory: each [`load`](Self::load) looks anew.
///
/// [`Chain`](crate::Chain) asks several in turn, and [`CredentialsCache`](crate::CredentialsCache) remembers what one
/// gave and renews it in time.
pub trait Source: fmt::Debug + Send + Sync {
    /// Returns the name of the source, `env` say: it begins the provider path of what it gives.
    fn name(&self) -> Cow<'static, str>;

    /// Asks for credentials.
    ///
    /// # Errors
    /// [`LoadError::NotConfigured`] when nobody set the source up, [`LoadError::Failed`] when it is and does not work.
    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>>;
}

/// A shared [`Source`].
pub type SharedSource = Arc<dyn Source>;

impl<S: Source + ?Sized> Source for Arc<S> {
    fn name(&self) -> Cow<'static, str> {
        (**self).name()
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        (**self).load(context)
    }
}

/// Credentials, and where they were found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The credentials.
    pub credentials: Credentials,
    /// The variable, file or address that they come from, for people to read.
    pub origin: String,
    /// How long they are kept where they have no expiry of their own.
    pub keep_for: Option<Duration>,
}

impl Found {
    /// Notes credentials with their origin, "the variable X" say.
    pub fn new(credentials: Credentials, origin: impl Into<String>) -> Self {
        Self {
            credentials,
            origin: origin.into(),
            keep_for: None,
        }
    }

    /// Puts a name before the provider path.
    #[must_use]
    pub(crate) fn under(mut self, name: &str) -> Self {
        let path = format!("{name}/{}", self.credentials.provider());
        self.credentials = self.credentials.with_provider(path);
        self
    }

    /// Notes the profile that names the source, if the origin does not tell it.
    #[must_use]
    pub(crate) fn named_by(mut self, profile: &str, file: &Path) -> Self {
        if !self.origin.contains(&*file.to_string_lossy()) {
            self.origin = format!("{}, which {profile} names", self.origin);
        }
        self
    }

    /// Notes how long the credentials are kept where they have no expiry.
    #[must_use]
    pub(crate) fn keep_for(mut self, time: Duration) -> Self {
        self.keep_for = Some(time);
        self
    }
}

/// A [`ProvideCredentials`] of anyone's, as a source.
#[derive(Debug)]
pub(crate) struct Provided(pub(crate) SharedCredentialsProvider);

impl Source for Provided {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("provider")
    }

    fn load<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(async move {
            let keys = self.0.credentials().await?;
            let origin = format!("the provider `{}`", keys.provider());
            Ok(Found::new(keys, origin))
        })
    }
}

/// A source from a closure: see [`from_fn`].
pub struct FromFn<F> {
    name: Cow<'static, str>,
    load: F,
}

/// Makes a source from a closure, which is called for each load.
///
/// ```
/// use acs_core::Credentials;
///
/// let vault = acs_credentials::from_fn("vault", || async {
///     // … fetch them from wherever they are kept.
///     Ok(Credentials::access_key("LTAI-example", "example")?)
/// });
/// let provider = acs_credentials::CredentialsCache::new(vault);
/// # let _ = provider;
/// ```
pub fn from_fn<F, Fut>(name: impl Into<Cow<'static, str>>, load: F) -> FromFn<F>
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<Credentials, LoadError>> + Send,
{
    FromFn {
        name: name.into(),
        load,
    }
}

impl<F, Fut> Source for FromFn<F>
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<Credentials, LoadError>> + Send,
{
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    fn load<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(async move {
            let keys = (self.load)().await?.with_provider(self.name.clone());
            Ok(Found::new(keys, format!("the closure `{}`", self.name)))
        })
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
