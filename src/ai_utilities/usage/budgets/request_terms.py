"""What the body of a request says of its own cost, in any protocol and whatever parameters it was made from.

A provider bills what was sent. So parameters in `options` count like those that have a name of their own: number and
length of answers, tools that the provider runs, and contexts that it keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal

from dhenara.ai.catalog import EndpointFacts, EndpointPrices, most_generated, own_prices
from dhenara.ai.types import Call, ChatModelCostData, Usage

from ..estimates import MEDIA_TOKENS

LENGTHS = frozenset(
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens", "num_predict"}
)
"""Fields with the most tokens of an answer."""

COUNTS = frozenset({"n", "best_of", "candidateCount", "num_generations"})
"""Fields with a number of answers."""

SETTINGS = ("generationConfig", "generation_config", "inferenceConfig", "options")
"""Fields of a body that have such fields in turn."""

CONTEXTS = ("previous_response_id", "previous_interaction_id", "conversation", "cachedContent", "cached_content")
"""References to a context that the provider keeps, and that becomes a part of the prompt."""

FILES = frozenset({"file_id", "fileId", "fileUri", "file_uri", "file_url", "document_url", "video_url", "s3Location"})
"""References to files whose length is not known."""

REFERRING = FILES | {"image_url", "source"}
"""Names of fields without one of which nothing is referred to."""

TOOL_FIELDS = frozenset({"tools", "toolConfig", "tool_config"})
"""Fields with tools, whose schemas are no part of the prompt."""

SEARCHES = ("enable_search", "plugins", "search_parameters", "web_search_options")
"""Fields with which providers search, as often as they like."""

UNLIMITED = ("mcp_servers", "models")
"""Fields that let the provider run tools, or choose another model."""

CALLER_TOOLS = ("apply_patch", "bash", "computer", "custom", "function", "local_shell", "memory", "text_editor")
"""Beginnings of the types of tools that the caller runs; all others are the provider's."""

CALLER_FIELDS = frozenset({"cachePoint", "computerUse", "functionDeclarations", "function_declarations", "toolSpec"})
"""Fields of the declarations of such tools that have no type and no name."""

FREE_TOOLS = ("tool_search", "namespace")
REPORTED = ("inference_geo", "speed")


TERMS = frozenset(
    {
        *LENGTHS, *COUNTS, *SETTINGS, *CONTEXTS, *REFERRING, *TOOL_FIELDS, *SEARCHES, *UNLIMITED, *REPORTED, "prompt",
        "service_tier",
    }
)  # fmt: skip
"""Names of all fields that `read_terms` reads."""

ESTIMATED = ", estimated"
"""The end of `priced_as` for prices of units where a model is billed by tokens."""

MILLION = 1_000_000
ROUNDING = Decimal("1.05")
"""Such prices are rounded to tenths of a cent, up to three percent below those of the tokens."""


@dataclass(slots=True)
class RequestTerms:
    """What a request says of its own cost.

    Attributes:
        longest: Most tokens of one answer. Default 0: the request does not limit them.
        answers: Number of answers. Default 1.
        searches: Most web searches by tools. Default 0; None if nothing limits them, or what the provider does at all.
        has_context: Whether the prompt has parts of unknown length: a context or file that the provider keeps.
        pictures: Most tokens of images that are only referred to.
        tier: The service tier, if the body names one.
        report: Fields that answers repeat in their usage, and that change prices.
    """

    longest: int = 0
    answers: int = 1
    searches: int | None = 0
    has_context: bool = False
    pictures: int = 0
    tier: str | None = None
    report: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class BoundedCall:
    """A call and what is known of its usage before it is sent.

    Attributes:
        call: The call.
        prices: The prices of its endpoint.
        read: Most tokens of the prompt.
        expected: Units that the request determines.
        words: Short strings of the request, among them names of settings.
        terms: What the request says of its cost.
        facts: The facts about its model.
    """

    call: Call
    prices: EndpointPrices
    read: int
    expected: Usage | None = None
    words: frozenset[str] = field(default_factory=frozenset)
    terms: RequestTerms = field(default_factory=RequestTerms)
    facts: EndpointFacts = field(default_factory=EndpointFacts)

    def price(self, usage: Usage) -> Decimal | None:
        """The cost of a usage, in the dearest tier that the call allows; None if unknown."""
        tier = self.terms.tier or self.call.config.service_tier
        cost = self._price_in(tier, usage)
        if tier != "auto" or cost is None:
            return cost
        dearest = self._price_in("priority", usage)
        return cost if dearest is None else max(cost, dearest)

    def _price_in(self, tier: str | None, usage: Usage) -> Decimal | None:
        if self.terms.report:
            usage = usage.model_copy(update={"raw": dict(self.terms.report)})
        cost = self.prices.cost(usage, service_tier=tier)
        rounded = (cost.priced_as or "").endswith(ESTIMATED)
        return cost.amount * ROUNDING if rounded and cost.amount is not None else cost.amount

    def highest_sum(self, read: int, inputs: Sequence[str], longest: int, outputs: Sequence[str]) -> Decimal | None:
        """The price of the dearest of these inputs and of the dearest of these outputs.

        Args:
            read: The tokens of the prompt, of one kind or another.
            inputs: The kinds of tokens that they may be.
            longest: The tokens of the answer.
            outputs: The kinds of tokens that they may be.

        Returns:
            US dollars; None if the price of a kind is not in the list of the host, so that each has to be priced alone.
        """
        tier = self.terms.tier or self.call.config.service_tier
        if tier == "auto":
            return None
        report = self.terms.report
        rates = self.prices.highest_rates(inputs, outputs, prompt_tokens=read, service_tier=tier, report=report)
        return None if rates is None else (read * rates[0] + longest * rates[1]) / MILLION

    def highest(self, usages: Iterable[Usage]) -> Decimal | None:
        """The highest cost of these usages, of those that have a price."""
        return max((cost for usage in usages if (cost := self.price(usage)) is not None), default=None)

    @property
    def longest(self) -> int | None:
        """Most tokens of all answers to this call."""
        longest, given = most_generated(self.call, self.facts.find(self.call.endpoint)), self.terms.longest
        if longest is None and (not given or self.call.config.wants_reasoning):
            return None
        return max(longest or 0, given) * max(self.call.config.n or 1, self.terms.answers)

    @property
    def prompt(self) -> int | None:
        """Most tokens of the prompt: what is sent, and what the provider adds; None if unknown."""
        if not self.terms.has_context:
            return self.read + self.terms.pictures
        facts = self.facts.find(self.call.endpoint)
        window = None if facts is None else facts.context_window
        return None if window is None else max(self.read, window)

    @property
    def has_token_prices(self) -> bool:
        """Whether the user's prices are those of tokens, so that units cost nothing."""
        return isinstance(own_prices(self.call.endpoint), ChatModelCostData)


def read_terms(
    body: Mapping[str, object], *, free: tuple[str, ...] = (), words: Set[str] | None = None
) -> RequestTerms:
    """Reads the terms of a request.

    Args:
        body: The body that is sent, as JSON values; parameters in the provider's format are understood too.
        free: Fields for which this model is not billed.
        words: Names of fields and short texts of the body, among them all names that `REFERRING` has. Default None:
            the body is searched for them.
    """
    if words is not None and not free:
        named = words & TERMS
        if named <= LENGTHS:  # nearly always
            return RequestTerms(max([whole_number(body.get(name), 0) for name in named], default=0))
    if free:
        body = {name: value for name, value in body.items() if name not in free}
    settings = [body, *[inner for name in body.keys() & SETTINGS if isinstance(inner := body[name], Mapping)]]
    prompt = body if TOOL_FIELDS.isdisjoint(body) else {k: v for k, v in body.items() if k not in TOOL_FIELDS}
    references = [] if words is not None and REFERRING.isdisjoint(words) else read_references(prompt)
    tier = body.get("service_tier")
    return RequestTerms(
        longest=highest_of(settings, LENGTHS),
        answers=max(1, highest_of(settings, COUNTS)),
        searches=searches_of(body),
        has_context=any(map(body.get, CONTEXTS))
        or isinstance(body.get("prompt"), dict | Mapping)
        or "file" in references,
        pictures=MEDIA_TOKENS * references.count("image"),
        tier=tier if isinstance(tier, str) else None,
        report={name: body[name] for name in body.keys() & REPORTED if body[name]},
    )


def highest_of(settings: list[Mapping[str, object]], names: frozenset[str]) -> int:
    """The highest whole number of these fields; 0 if there is none."""
    return max([whole_number(part[name], 0) for part in settings for name in part.keys() & names], default=0)


def whole_number(value: object, otherwise: int) -> int:
    """A number of an option; `otherwise` if it is none above 0."""
    return value if isinstance(value, int) and value > 0 else otherwise


def searches_of(body: Mapping[str, object]) -> int | None:
    """Most web searches; None if the provider may run other tools, or searches without a limit."""
    if any(map(body.get, (*SEARCHES, *UNLIMITED))):
        return None
    if TOOL_FIELDS.isdisjoint(body):
        return 0
    config = body.get("toolConfig")
    tools = [body.get("tools"), config.get("tools") if isinstance(config, Mapping) else None]
    searches = 0
    for tool in (tool for group in tools if isinstance(group, list | tuple) for tool in group):
        uses = most_uses(tool) if isinstance(tool, Mapping) else 0
        if uses is None:
            return None
        searches += uses
    return searches


def most_uses(tool: Mapping[str, object]) -> int | None:
    """The most searches of a tool; 0 if the caller runs it, None if nothing limits what the provider does."""
    kind = str(tool.get("type") or "")
    if kind.startswith((*CALLER_TOOLS, *FREE_TOOLS)):
        return 0
    if kind == "shell" and not isinstance(tool.get("environment"), Mapping):
        return 0
    uses = tool.get("max_uses")
    if not uses and isinstance(parameters := tool.get("parameters"), Mapping):
        uses = parameters.get("max_uses")
    if "web_search" in kind and isinstance(uses, int):
        return uses
    if kind:
        return None
    is_function = "name" in tool or not set(tool) - CALLER_FIELDS
    return 0 if is_function else None


def read_references(value: object) -> list[str]:
    """Files and images of a prompt that are only referred to: "file" or "image" for each."""
    references: list[str] = []
    add_references(references, value)
    return references


def add_references(references: list[str], value: object) -> None:
    """Appends the references in a JSON value."""
    if isinstance(value, str):
        return
    if isinstance(value, list | tuple):
        for entry in value:
            add_references(references, entry)
    elif isinstance(value, dict | Mapping):
        kind, source = value.get("type"), value.get("source")
        remote = isinstance(source, dict | Mapping) and source.get("type") in ("url", "file")
        if remote or any(refers(value[name]) for name in FILES & value.keys()):
            references.append("image" if kind in ("image", "input_image") else "file")
        elif "image_url" in value and refers(value["image_url"]):
            references.append("image")
        for name, inner in value.items():
            if name in ("args", "arguments") or (name == "input" and isinstance(inner, dict | Mapping)):
                continue  # arguments of tool calls may have any fields
            add_references(references, inner)


def refers(value: object) -> bool:
    """Whether the value of a field is a reference, and not the data itself."""
    if isinstance(value, Mapping):
        return any(refers(value.get(name)) for name in ("url", "uri"))
    return isinstance(value, str) and value != "" and not value.startswith("data:")
