"""The words of refusals: how vendors say that they do not take a field, a value or an amount."""

from __future__ import annotations

import re

FIELD = r"[`'\"]?(?P<field>[A-Za-z_][\w.]*)[`'\"]?"
QUOTED = r"[`'\"](?P<field>[A-Za-z_][\w.]*)[`'\"]"
NEGATIVE = (
    r"(?:deprecated|unsupported|not (?:supported|allowed|permitted|available|enabled|accepted)|no longer supported)"
)

RENAMED = (
    re.compile(
        rf"{QUOTED} (?:is|are|has been) {NEGATIVE}[^`'\"]*?[.,;]? *(?:[Pp]lease )?[Uu]se [`'\"](?P<to>\w+)[`'\"]"
    ),
    re.compile(r"property '(?P<field>[\w.]+)' is unsupported, did you mean '(?P<to>\w+)'"),
    re.compile(r"[Uu]nknown field [`'\"](?P<field>[\w.]+)[`'\"], did you mean [`'\"](?P<to>\w+)[`'\"]"),
)
LIMITED = (
    re.compile(r"(?P<field>max_tokens): \d+ > (?P<limit>\d+)"),
    re.compile(r"(?P<field>max_\w*tokens) is too large: \d+\. This model supports at most (?P<limit>\d+)"),
    re.compile(rf"{QUOTED} must be less than or equal to [`'\"]?(?P<limit>\d+)"),
    re.compile(r"(?P<field>max_\w*tokens) must be (?:less than or equal to |in the range \[\d+, *)(?P<limit>\d+)"),
    re.compile(r"Range of (?P<field>max_\w*tokens) should be \[\d+, *(?P<limit>\d+)\]"),
    re.compile(r"max tokens must be less than or equal to (?P<limit>\d+)"),
    re.compile(r"[Mm]aximum tokens you requested exceeds the model limit of (?P<limit>\d+)"),
    re.compile(
        r"has a (?P<field>\w+) value of \d+ but the supported range is .+? to (?P<limit>\d+) \((?P<edge>ex|in)clusive"
    ),
)
REFUSED = (
    re.compile(rf"[Uu]nsupported parameters?(?:\(s\))?:? *{FIELD}"),
    re.compile(rf"[Uu]nsupported value: {QUOTED} does not support"),
    re.compile(rf"[Uu]n(?:known|recognized|expected) (?:parameter|field|name|argument|property|key)s?:? *{QUOTED}"),
    re.compile(r"[Uu]nrecognized request arguments? supplied: (?P<field>\w+(?:, *\w+)*)"),
    re.compile(r"(?P<field>[A-Za-z_][\w.]*): Extra inputs are not permitted"),
    re.compile(rf"Extra inputs are not permitted, field: {QUOTED}"),
    re.compile(r"'extra_forbidden', 'loc': \('body', '(?P<field>\w+)'\)"),
    re.compile(r"parameter '(?P<field>[\w.]+)' is not a valid field"),
    re.compile(r"property '(?P<field>[\w.]+)' is unsupported"),
    re.compile(r"extraneous key \[(?P<field>[\w.]+)\] is not permitted"),
    re.compile(r"does(?:n't| not) support (?:the )?(?P<field>\w+) (?:field|parameter|option|setting)"),
    re.compile(rf"does(?:n't| not) support (?:the )?(?:parameter|argument|option)s? {FIELD}"),
    re.compile(r"does(?:n't| not) support (?:the )?(?:parameter|argument|option)s?: \[(?P<field>[\w', ]+)\]"),
    re.compile(rf"does(?:n't| not) support (?:the )?{QUOTED}(?! with)"),
    re.compile(r"(?:[Mm]odel|[Mm]ode|-\w+) does(?:n't| not) support (?:this )?(?P<field>tool_choice)"),
    re.compile(r"[Tt]he (?P<field>\w+) parameter does not support being set to"),
    re.compile(r"(?P<field>\w+) [`'\"]\w+[`'\"] is incompatible with"),
    re.compile(r"\binvalid (?P<field>\w+): only \S+ is allowed"),
    re.compile(rf"{QUOTED} (?:must be|must be [^`'\"]{{1,40}} or) unset"),
    re.compile(r"\n(?P<field>\w+)\n\s+Extra inputs are not permitted"),
    re.compile(rf"\b(?P<field>[a-z]+(?:_[a-z]+)+) (?:is|are) (?:currently )?{NEGATIVE}"),
    re.compile(rf"^(?P<field>[a-z_]+): [^:]*{NEGATIVE}"),
    re.compile(rf"(?:[Aa]rgument|[Pp]arameter)s? not supported(?: on this model| with this model)?: {FIELD}"),
    re.compile(r"[`'\"]?\w+[`'\"]? and [`'\"]?(?P<field>\w+)[`'\"]? cannot both be (?:specified|set)"),
    re.compile(rf"{QUOTED} may only be set to"),
    re.compile(r"does not support setting (?P<field>\w+) to"),
    re.compile(rf"{QUOTED} (?:parameter )?(?:is|are) {NEGATIVE}"),
    re.compile(rf"\b(?P<field>[A-Za-z]\w*) (?:is|are) {NEGATIVE} (?:for|with|on|by|when|in)\b"),
)
# Refusals that name a feature instead of a field.
FEATURES = (
    (re.compile(r"[Pp]enalty is not (?:enabled|supported)"), ("presencePenalty", "frequencyPenalty")),
    (re.compile(r"[Mm]ultiple candidates is not"), ("candidateCount",)),
    (re.compile(r"[Tt]hinking[ _]level is not"), ("thinkingLevel",)),
    (re.compile(r"[Ii]nvalid reasoning effort"), ("reasoning_effort", "effort")),
    (re.compile(r"does not support thinking$"), ("think", "thinking")),
    (re.compile(r"only works in thinking mode|[Tt]hinking budget \(?\d+\)? is invalid"), ("thinkingBudget",)),
    (re.compile(r"[Tt]hinking can't be disabled"), ("thinkingBudget", "thinking")),
    (re.compile(r"[Tt]hinking(?:[ _](?:config|budget))? is not"), ("thinkingConfig", "thinking")),
    (re.compile(r"[Ll]ogprobs is not"), ("responseLogprobs", "logprobs")),
    (re.compile(r"JSON mode is not"), ("responseMimeType", "responseJsonSchema")),
)
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# A value that is not taken, and those that are, where they are named.
VALUES = (
    re.compile(r"[Ss]upported (?:values|levels)(?: are)?:? (?P<values>.+)$"),
    re.compile(r"must be one of:? (?P<values>[^.;]+)"),
    re.compile(r"Input should be (?P<values>[^.;\]]+)"),
    re.compile(r"[Vv]alue must be (?P<values>[`'\"]\w+[`'\"])"),
    re.compile(r"(?:[Tt]hinking level|[Ee]ffort level|think value) [`'\"]?\w+[`'\"]? is not supported"),
)
WORD = re.compile(r"[`'\"](\w+)[`'\"]")
BARE_WORD = re.compile(r"\b(?!and\b|or\b)\w+")
EFFORT_FIELDS = ("reasoning_effort", "effort", "thinkingLevel", "maxReasoningEffort", "think")
