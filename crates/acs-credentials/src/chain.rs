//! Several sources, asked in turn.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acs_core::BoxFuture;

use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::providers::{CliProfile, CredentialsUri, EcsRamRole, Environment, OidcRoleArn, Profile};
use crate::shown;
use crate::source::{Found, SharedSource, Source};

/// Sources that are asked in turn until one has credentials.
///
/// A step that nobody set up is passed over. A step that is set up and fails ends the search, since the next source
/// would be another identity; [`fall_through_on_error`](Self::fall_through_on_error) changes that. The step that
/// answered is asked first the next time; a failure is not remembered.
pub struct Chain {
    name: Cow<'static, str>,
    steps: Vec<SharedSource>,
    fall_through: bool,
    allow_process: bool,
    imds_v2_only: bool,
    answered: Mutex<Option<Answered>>,
}

/// The step that answered, and what all of them said then.
struct Answered {
    step: usize,
    reports: Vec<StepReport>,
}

/// What one step of a chain said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepReport {
    /// The step, `env` say.
    pub name: Cow<'static, str>,
    /// What it said.
    pub outcome: StepOutcome,
}

/// The answer of a step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepOutcome {
    /// It had credentials.
    Found {
        /// The variable, file or address that they come from, for people to read.
        origin: String,
        /// The provider path, `default/cli_profile/static_ak` say.
        provider: String,
    },
    /// Nobody set it up, or a switch turned it off: why.
    NotConfigured(String),
    /// It is set up, and failed.
    Failed(Failure),
    /// It was not asked, since an earlier step ended the search, now or when it was made.
    NotAsked,
}

/// What every step of a chain said, when none had credentials. No secret is in its text.
#[derive(Clone)]
pub struct ChainError(Arc<[StepReport]>);

impl Chain {
    /// Makes the default chain: `env`, `oidc_role_arn`, `cli_profile` (`~/.aliyun/config.json`), `profile`
    /// (`~/.alibabacloud/credentials`), `ecs_ram_role`, `credential_uri`. It is the order of the official SDKs.
    pub fn standard() -> Self {
        Self::empty("default")
            .with(Environment::new())
            .with(OidcRoleArn::from_env())
            .with(CliProfile::current())
            .with(Profile::current())
            .with(EcsRamRole::probe())
            .with(CredentialsUri::from_env())
    }

    /// Makes a chain without steps. Its name begins the provider path.
    pub fn empty(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            steps: Vec::new(),
            fall_through: false,
            allow_process: true,
            imds_v2_only: false,
            answered: Mutex::default(),
        }
    }

    /// Adds a step at the end.
    #[must_use]
    pub fn with(mut self, step: impl Source + 'static) -> Self {
        self.steps.push(Arc::new(step));
        self.forgetting()
    }

    /// Adds a step before that of a name; at the end, where there is none of that name.
    #[must_use]
    pub fn with_before(mut self, name: &str, step: impl Source + 'static) -> Self {
        let place = self.position(name).unwrap_or(self.steps.len());
        self.steps.insert(place, Arc::new(step));
        self.forgetting()
    }

    /// Takes the steps of a name out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.steps.retain(|step| step.name() != name);
        self.forgetting()
    }

    /// Puts the steps in the order of `names`; those that are not named follow, in the order they had.
    #[must_use]
    pub fn reordered(mut self, names: &[&str]) -> Self {
        self.steps.sort_by_key(|step| {
            let name = step.name();
            names
                .iter()
                .position(|wanted| *wanted == name)
                .unwrap_or(names.len())
        });
        self.forgetting()
    }

    /// Asks the next step after a failure too, as the official SDKs do. The caller then may get the rights of another
    /// identity without notice: the node's role for the pod's, say.
    #[must_use]
    pub fn fall_through_on_error(mut self, fall_through: bool) -> Self {
        self.fall_through = fall_through;
        self
    }

    /// Forbids its steps, with `false`, to run a program or to ask an address that a profile names: see
    /// [`Context::allow_process`].
    #[must_use]
    pub fn allow_process(mut self, allow: bool) -> Self {
        self.allow_process = allow;
        self
    }

    /// Makes its steps never ask version 1 of the instance metadata service, which is recommended: see
    /// [`Context::imds_v2_only`].
    #[must_use]
    pub fn imds_v2_only(mut self) -> Self {
        self.imds_v2_only = true;
        self
    }

    /// Asks the steps in turn and reports what each said, those after the one that answered included.
    pub async fn explain(&self, context: &Context) -> Vec<StepReport> {
        self.walk(&self.narrowed(context)).await.1
    }

    /// The context with what this chain forbids besides; nothing is allowed again.
    fn narrowed<'a>(&self, context: &'a Context) -> Cow<'a, Context> {
        if self.allow_process && !self.imds_v2_only {
            return Cow::Borrowed(context);
        }
        let mut narrowed = context.clone();
        if !self.allow_process {
            narrowed = narrowed.allow_process(false);
        }
        if self.imds_v2_only {
            narrowed = narrowed.imds_v2_only();
        }
        Cow::Owned(narrowed)
    }

    async fn load_chain(&self, context: &Context) -> Result<Found, LoadError> {
        let context = &*self.narrowed(context);
        let answered = self.answered().as_ref().map(|answered| answered.step);
        if let Some((index, step)) =
            answered.and_then(|index| Some((index, self.steps.get(index)?)))
        {
            match step.load(context).await {
                Ok(found) => return Ok(found.under(&self.name)),
                Err(LoadError::Failed(failure)) if !self.fall_through => {
                    return Err(self.failed_alone(index, failure).into());
                }
                Err(_) => *self.answered() = None,
            }
        }
        let (found, reports) = self.walk(context).await;
        found.ok_or_else(|| Failure::chain(ChainError(reports.into())).into())
    }

    async fn walk(&self, context: &Context) -> (Option<Found>, Vec<StepReport>) {
        let mut reports: Vec<StepReport> = self.steps.iter().map(not_asked).collect();
        for (index, (step, report)) in self.steps.iter().zip(&mut reports).enumerate() {
            match step.load(context).await {
                Ok(found) => {
                    let found = found.under(&self.name);
                    report.outcome = StepOutcome::Found {
                        origin: found.origin.clone(),
                        provider: found.credentials.provider().to_owned(),
                    };
                    *self.answered() = Some(Answered {
                        step: index,
                        reports: reports.clone(),
                    });
                    return (Some(found), reports);
                }
                Err(LoadError::NotConfigured(reason)) => {
                    report.outcome = StepOutcome::NotConfigured(shown::one_line(reason));
                }
                Err(LoadError::Failed(failure)) => {
                    report.outcome = StepOutcome::Failed(failure);
                    if !self.fall_through {
                        break;
                    }
                }
            }
        }
        (None, reports)
    }

    /// The failure of the step that answered before: the others are told with what they said then.
    fn failed_alone(&self, index: usize, failure: Failure) -> Failure {
        let remembered = self
            .answered()
            .as_ref()
            .map(|answered| answered.reports.clone());
        let mut reports =
            remembered.unwrap_or_else(|| self.steps.iter().map(not_asked).collect::<Vec<_>>());
        if let Some(report) = reports.get_mut(index) {
            report.outcome = StepOutcome::Failed(failure);
        }
        Failure::chain(ChainError(reports.into()))
    }

    fn answered(&self) -> MutexGuard<'_, Option<Answered>> {
        // Every change to it is complete.
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets which step answered: the steps have changed.
    fn forgetting(mut self) -> Self {
        self.answered = Mutex::default();
        self
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name() == name)
    }
}

fn not_asked(step: &SharedSource) -> StepReport {
    StepReport {
        name: step.name(),
        outcome: StepOutcome::NotAsked,
    }
}

impl Source for Chain {
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.load_chain(context))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("name", &self.name)
            .field(
                "steps",
                &self.steps.iter().map(Source::name).collect::<Vec<_>>(),
            )
            .field("fall_through", &self.fall_through)
            .finish_non_exhaustive()
    }
}

impl ChainError {
    /// Returns what each step said, in the order of the chain.
    pub fn steps(&self) -> &[StepReport] {
        &self.0
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not load credentials from any of the providers in the chain: ")?;
        for (index, step) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{step}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChainError").field(&self.0).finish()
    }
}

impl std::error::Error for ChainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.iter().find_map(|step| match &step.outcome {
            StepOutcome::Failed(failure) => Some(failure as _),
            _ => None,
        })
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.outcome {
            StepOutcome::Found { origin, .. } => write!(f, "found in {origin}"),
            StepOutcome::NotConfigured(reason) => write!(f, "not configured ({reason})"),
            StepOutcome::Failed(failure) => write!(f, "failed: {failure}"),
            StepOutcome::NotAsked => f.write_str("not asked (an earlier step ended the search)"),
        }
    }
}
