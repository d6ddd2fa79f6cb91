/// Makes an open set of texts: the variants that are known, and `Unknown` with the text of any other.
///
/// ```
/// acs_core::text_enum! {
///     /// The state of a pipeline.
///     PipelineState {
///         Active = "Active",
///         Paused = "Paused",
///     }
/// }
/// assert_eq!(PipelineState::from("Paused"), PipelineState::Paused);
/// assert_eq!(PipelineState::from("Drained").as_str(), "Drained");
/// ```
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
            /// A text that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// Returns the text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Unknown(String::new())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::model::Text for $name {
            fn text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(self.as_str())
            }

            fn set_text(&mut self, text: &str) -> bool {
                *self = Self::from(text);
                true
            }
        }

        impl $crate::model::FieldValue for $name {
            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Text($crate::model::Text::text(self))
            }

            fn slot(&mut self) -> $crate::model::Slot<'_> {
                $crate::model::Slot::Text(self)
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
}
