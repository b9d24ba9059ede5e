//! What came back.

use protocol::ErrorCode;
use serde_json::Value;

/// The answer to one request, by the socket or by REST.
#[derive(Clone, Debug)]
pub struct Answer {
    pub servcmd: String,
    pub body: Value,
}

/// Whether the code stands in the project's table; that of a success does too.
pub fn is_documented(code: u32) -> bool {
    ErrorCode::ALL.iter().any(|known| known.0 == code)
}

impl Answer {
    /// 0 for success. The configuration commands have a member of their own for it.
    #[track_caller]
    pub fn code(&self) -> u32 {
        let code = self.body.get("ErrorCode").or_else(|| self.body.get("int32_error_code"));
        let code =
            code.unwrap_or_else(|| panic!("{}: an answer without a code: {}", self.servcmd, self.body));
        u32::try_from(code.as_u64().unwrap()).unwrap()
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.code(), 0, "{} was refused: {}", self.servcmd, self.body);
        self.body
    }

    /// The body of a refusal with this code.
    #[track_caller]
    pub fn refused(self, code: ErrorCode) -> Value {
        assert_eq!(self.code(), code.0, "{} is to be refused with {code:?}: {}", self.servcmd, self.body);
        self.body
    }

    /// The body of a refusal, whichever of the project's table it is.
    #[track_caller]
    pub fn documented(self) -> Value {
        assert_ne!(self.code(), ErrorCode::OK.0, "{} is to be refused: {}", self.servcmd, self.body);
        self.answered()
    }

    /// The body of a success, or of a refusal of the project's table.
    #[track_caller]
    pub fn answered(self) -> Value {
        let code = self.code();
        assert!(is_documented(code), "{}: code {code} is not documented: {}", self.servcmd, self.body);
        self.body
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(code: u32) -> Answer {
        Answer { servcmd: "a.b".to_owned(), body: json!({"ErrorCode": code}) }
    }

    #[test]
    fn a_refusal_of_the_table_is_documented_and_answered() {
        answer(ErrorCode::GROUP_MISSING.0).documented();
        answer(ErrorCode::GROUP_MISSING.0).answered();
        answer(ErrorCode::OK.0).answered();
    }

    #[test]
    #[should_panic(expected = "is to be refused")]
    fn a_success_is_no_documented_refusal() {
        answer(ErrorCode::OK.0).documented();
    }

    #[test]
    #[should_panic(expected = "is not documented")]
    fn a_code_outside_of_the_table_is_not_documented() {
        answer(4_000_000_000).documented();
    }

    #[test]
    #[should_panic(expected = "is not documented")]
    fn a_code_outside_of_the_table_is_no_answer() {
        answer(4_000_000_000).answered();
    }
}
