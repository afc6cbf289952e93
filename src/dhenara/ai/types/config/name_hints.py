"""What to write here for names of OpenAI, Anthropic, Gemini, LiteLLM, LangChain, pydantic-ai, the AI SDK and others.

Names are in snake case; camel case is read as such. A name is listed only if its meaning is certain. `$` marks words
that differ between the packages, see `ENGINE_WORDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def hints(*entries: tuple[str, str]) -> Mapping[str, str]:
    """Return a hint for each name; the first part of an entry is one or more names."""
    return MappingProxyType({name: hint for names, hint in entries for name in names.split()})


WHERE = (
    """write {name}="{value}" where the endpoint is created; in ai_utilities provider_config={{"{name}": "{value}"}}"""
)

PROXY = 'set the environment variable HTTPS_PROXY="http://host:port"'
LOGGING = 'turn on logging instead: logging.getLogger("dhenara").setLevel("DEBUG")'
TELEMETRY = "call dhenara.ai.telemetry.instrument() once"

GENERATION_HINTS = hints(
    # Structured output
    (
        "response_format text_format response_model response_schema response_json_schema json_schema output_schema "
        "output_type result_type output_cls output_class pydantic_model pydantic_schema return_type guided_json "
        "output_format format schema response_type response_class output_model output_structure",
        "write structured_output=Person, or call $typed(prompt, Person)",
    ),
    ("output", "write structured_output=Person, or call $typed(prompt, Person)"),
    ("output_config", 'write structured_output=Person for the format, reasoning_effort="low" for the effort'),
    ("json json_mode json_object response_mime_type return_format as_json json_output", "$json"),
    ("strict_schema strict_json_schema", "write structured_output=StructuredOutput.of(Person, strict=True)"),
    ("output_mode instructor_mode", 'write structured_output=StructuredOutput.of(Person, mode="tool")'),
    ("output_retries validation_retries result_retries reask max_reasks", "write $repairs=1"),
    # Instructions and messages
    (
        "system_instruction system_instructions system_message system_content developer_message preamble instruction "
        "developer_prompt system_text",
        'write $system="..."',
    ),
    (
        "input inputs contents content user_prompt user_message user_content message query question text input_text "
        "user_input",
        'write the text as the first argument: $call("...")',
    ),
    (
        "history chat_history message_history previous_messages conversation_history past_messages prior_messages",
        "write context=[...]",
    ),
    ("messages", "write context=[...] for the earlier messages, and the last one as the prompt"),
    ("images image image_url image_urls attachments media file pdf files", "$files"),
    # Length
    (
        "max_tokens_to_sample max_new_tokens num_predict max_length max_generated_tokens max_gen_len output_tokens "
        "max_response_tokens maximum_tokens",
        "write max_output_tokens=500",
    ),
    # Reasoning
    ("thinking thinking_config reasoning_config", "write reasoning=True, or max_reasoning_tokens=2000 for a budget"),
    (
        "thinking_budget budget_tokens reasoning_budget max_thinking_tokens reasoning_tokens reasoning_max_tokens "
        "thinking_tokens thinking_token_budget thinking_budget_tokens",
        "write max_reasoning_tokens=2000",
    ),
    (
        "effort reasoning_level thinking_level openai_reasoning_effort anthropic_effort thinking_effort",
        'write reasoning_effort="low"',
    ),
    ("think enable_thinking enable_reasoning include_thoughts", "write reasoning=True"),
    # Sampling
    ("temp", "write temperature=0.5"),
    ("p nucleus_sampling", "write top_p=0.9"),
    ("k", "write top_k=40"),
    ("random_seed rng_seed sampling_seed", "write seed=1"),
    (
        "candidate_count num_generations num_completions num_choices n_choices num_return_sequences "
        "number_of_completions number_of_images num_images n_images",
        "write n=2",
    ),
    ("stop_sequence stop_words stop_strings end_sequences stops stopping_strings", 'write stop=["END"]'),
    ("response_logprobs return_logprobs log_probs", "write logprobs=True"),
    ("num_logprobs n_logprobs", "write top_logprobs=5"),
    ("do_sample", "write temperature=0 for the most likely answer"),
    (
        "min_p top_a repetition_penalty repeat_penalty typical_p repeat_last_n mirostat mirostat_eta mirostat_tau "
        "num_ctx num_gpu min_tokens length_penalty prompt_truncate_len prompt_mode safe_prompt safety_mode "
        "store previous_response_id background modalities prediction safety_identifier include_reasoning transforms "
        "route plugins keep_alive stop_token_ids ignore_eos guided_regex guided_choice guided_grammar "
        "chat_template_kwargs priority labels top_n_tokens reasoning_format citation_options "
        "size quality style background aspect_ratio image_size negative_prompt",
        'it is provider-specific: write options={"$name": ...}',
    ),
    (
        "verbosity",
        'write options={"text": {"verbosity": "low"}} (Responses) or options={"verbosity": "low"} (Chat Completions)',
    ),
    ("reasoning_summary", "write reasoning=True: a summary is then part of the answer, if the provider has one"),
    ("safety_settings", 'write options={"safetySettings": [...]}'),
    # Tools
    ("functions function tool function_tools available_tools toolset toolsets tool_list", "write tools=[my_function]"),
    (
        "function_call function_calling tool_config function_calling_config tool_mode force_tool forced_tool",
        'write tool_choice="auto", "none", "required" or the name of a tool',
    ),
    (
        "allowed_tools allowed_function_names active_tools",
        'write tool_choice=ToolChoice(names=("a", "b"))',
    ),
    ("parallel_tools parallel_function_calls allow_parallel_tool_calls", "write parallel_tool_calls=True"),
    ("disable_parallel_tool_use disable_parallel_tool_calls sequential_tool_calls", "write parallel_tool_calls=False"),
    (
        "max_steps max_turns max_rounds max_iterations max_tool_rounds stop_when recursion_limit usage_limits limits "
        "max_tool_iterations max_remote_calls max_iter request_limit max_function_calls",
        "$limits",
    ),
    (
        "max_tool_calls",
        'write limits=RunLimits(calls=5) for a run, options={"max_tool_calls": 5} for provider-run tools',
    ),
    ("mcp_servers mcp mcp_server remote_mcp", 'write tools=[RemoteMCP(name="...", url="https://...")]'),
    (
        "web_search web_search_options google_search google_search_retrieval search_options enable_search "
        "web_search_tool search_parameters",
        "write tools=[WebSearch()]",
    ),
    ("code_interpreter code_execution code_execution_tool", "write tools=[CodeExecution()]"),
    ("file_search vector_store_ids file_search_tool", 'write tools=[FileSearch(store_ids=("...",))]'),
    ("builtin_tools built_in_tools native_tools server_tools hosted_tools provider_tools", "write tools=[WebSearch()]"),
    ("container", 'write tools=[CodeExecution(container="...")]'),
    # Streams
    ("stream_options include_usage stream_usage", "leave it out: usage is always part of the answer"),
    # Prompt cache and long conversations
    (
        "cache_control prompt_caching cache_prompt auto_cache cache_messages",
        "write prompt_cache=PromptCache(automatic=True)",
    ),
    ("prompt_cache_key", 'write prompt_cache=PromptCache(key="...")'),
    ("prompt_cache_retention cache_ttl prompt_cache_ttl", 'write prompt_cache=PromptCache(lifetime="long")'),
    ("cached_content cached_contents", 'write prompt_cache=PromptCache(stored="cachedContents/...")'),
    ("truncation", 'write context_policy=ContextPolicy(truncation="auto")'),
    ("context_management compaction", "write context_policy=ContextPolicy(compact_at=100_000)"),
    ("cache caching use_cache cache_response no_cache cache_policy", "$cache"),
    # Whole sets of parameters
    (
        "model_settings generation_config generate_config gen_config inference_config sampling_params "
        "sampling_parameters llm_config completion_kwargs generation_kwargs generate_kwargs model_parameters",
        "write each as an argument of its own: temperature=0, max_output_tokens=500",
    ),
)
"""Names of options of generated text."""

REQUEST_HINTS = hints(
    (
        "provider_options extra_args extra_params additional_kwargs model_kwargs additional_params vendor_params "
        "additional_model_request_fields optional_params extra_options provider_params extra_parameters",
        'write options={"name": value}',
    ),
    (
        "default_headers additional_headers http_headers request_headers custom_headers",
        'write headers={"X-Name": "..."}',
    ),
    ("betas anthropic_beta beta_headers", 'write headers={"anthropic-beta": "..."}'),
    ("organization organization_id openai_organization org_id", 'write headers={"OpenAI-Organization": "..."}'),
    ("request_timeout timeout_seconds timeout_s time_limit max_time timeout_sec", "write timeout=30"),
    ("timeout_ms", "write timeout=30 (in seconds)"),
    ("connect_timeout", "write timeout=Timeouts(connect=5)"),
    ("stream_timeout read_timeout idle_timeout", "write timeout=Timeouts(idle=60)"),
    ("http_options request_options client_options", 'write timeout=30, retries=2, headers={"X-Name": "..."}'),
    (
        "retry retry_config retry_options retry_policy max_attempts retry_strategy stop_after_attempt retry_count "
        "number_of_retries",
        "write retries=2",
    ),
    ("end_user end_user_id user_id", 'write user="..."'),
    ("tags tag", "$tags"),
    ("extra_query query_params query_parameters", 'write it into the address: base_url="https://...?name=value"'),
    ("progress show_progress progress_bar tqdm on_progress", "$progress"),
    (
        "drop_params allowed_openai_params drop_unsupported_params",
        "leave it out: what a model does not support is left out with a warning (strict=True raises)",
    ),
    ("mock_response mock fake_response", "write test_mode=True for a sample answer"),
    ("api_key openai_api_key anthropic_api_key", 'write api_key="..." where the client is created'),
    (
        "base_url api_base endpoint_url openai_api_base azure_endpoint api_url server_url api_endpoint",
        'write base_url="https://..." where the client or its endpoint is created',
    ),
    ("region aws_region aws_region_name", WHERE.format(name="region", value="us-east-1")),
    ("location vertex_location vertex_ai_location", WHERE.format(name="location", value="us-central1")),
    ("project_id vertex_project vertex_ai_project", WHERE.format(name="project_id", value="...")),
    ("api_version azure_api_version", WHERE.format(name="api_version", value="...")),
    ("azure_resource resource_name", WHERE.format(name="resource", value="...")),
    (
        "fallback fallbacks fallback_models fallback_model",
        'write fallbacks=["anthropic/claude-sonnet-5"] where the client is created',
    ),
    ("http_client httpx_client http_transport transport", 'write transport="httpx2" where the client is created'),
    ("verify verify_ssl", "write verify=False where the client is created"),
    ("proxy proxies", PROXY),
    ("on_token on_chunk streaming_callback stream_callback", "read the stream: for text in $stream"),
    ("middleware middlewares hooks", "write layers=[my_layer] where the client is created"),
    ("callbacks callback callback_manager", "write AIModelClient(..., observer=my_function)"),
    ("model model_name model_id deployment_id engine deployment azure_deployment deployment_name", "$model"),
    ("provider custom_llm_provider model_provider llm_provider", "$provider"),
    (
        "budget budget_usd max_budget cost_limit",
        "budgets belong to clients of ai_utilities: write AiClient(budget_usd=5)",
    ),
    ("verbose debug", LOGGING),
    ("concurrency max_workers max_concurrency num_workers n_jobs num_threads", "$many"),
)
"""Names of options of every request."""

CLIENT_HINTS = hints(
    (
        "api_base endpoint_url openai_api_base azure_endpoint api_url server_url url",
        'write base_url="https://..."',
    ),
    ("key token openai_api_key anthropic_api_key google_api_key", 'write api_key="..."'),
    ("organization organization_id openai_organization", 'write headers={"OpenAI-Organization": "..."}'),
    ("project openai_project", 'write headers={"OpenAI-Project": "..."}, or project_id="..." for Vertex AI'),
    ("default_headers http_headers user_agent", 'write headers={"User-Agent": "..."}'),
    ("default_query", 'write it into the address: base_url="https://...?name=value"'),
    ("proxy proxies", PROXY),
    ("http_client httpx_client client", 'write transport="httpx2", or pass a transport of httpx2'),
    (
        "verify_ssl ssl_verify ssl_context",
        "write verify=False, the path of a PEM file, or an ssl.SSLContext",
    ),
    ("fallback fallback_models fallback_model", 'write fallbacks=["anthropic/claude-sonnet-5"]'),
    ("callbacks callback hooks event_hooks on_event", "write observer=my_function"),
    ("middleware middlewares", "write layers=[my_layer]"),
    ("tracer tracing telemetry otel opentelemetry", TELEMETRY),
    ("logger verbose debug log_level", LOGGING),
    ("async_mode async_", "each client has async methods: write await client.generate_async(prompt)"),
    ("settings model_settings generation_config", "write config=AIModelCallConfig(temperature=0)"),
    ("retry retry_config retry_policy", "write config=AIModelCallConfig(retries=2)"),
    ("aws_region aws_region_name", 'write region="us-east-1"'),
    ("vertex_location", 'write location="us-central1"'),
    ("vertex_project", 'write project_id="..."'),
    (
        "azure_deployment deployment deployment_name",
        'it is the model: AIModelClient("azure/my-deployment")',
    ),
)
"""Names of arguments of `AIModelClient`."""

OPERATION_HINTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "embed": hints(
            ("output_dimensionality output_dimension embedding_size num_dimensions", "write dimensions=256"),
            ("task_type task embedding_type input_kind", 'write input_type="query" or "document"'),
            ("encoding_format embedding_types", "leave it out: vectors are lists of floats"),
            ("input inputs content contents documents", 'write the texts as the first argument: embed(["..."])'),
            ("truncation auto_truncate", "write truncate=True"),
        ),
        "rerank": hints(
            ("top_k top_results num_results limit return_top_n", "write top_n=5"),
            ("return_documents", "leave it out: results have their documents"),
        ),
        "speak": hints(
            ("response_format audio_format output_format encoding codec", 'write format="mp3"'),
            ("voice_id voice_name speaker", 'write voice="..."'),
            ("input text", 'write the text as the first argument: speak("...")'),
            ("rate speaking_rate", "write speed=1.2"),
            ("language_code", 'write language="en"'),
            ("instruction style_instructions", 'write instructions="..."'),
        ),
        "transcribe": hints(
            ("file audio input audio_file", 'write the audio as the first argument: transcribe("a.mp3")'),
            ("language_code", 'write language="en"'),
            ("timestamp_granularities word_timestamps", 'write timestamps="word"'),
            ("speaker_labels diarization diarize_speakers", "write diarize=True"),
            ("response_format", "leave it out: the response has text, segments and words"),
            ("keywords vocabulary initial_prompt", 'write prompt="names and words that occur"'),
        ),
        "image": hints(
            (
                "size quality style background aspect_ratio output_format image_size output_compression moderation "
                "negative_prompt guidance_scale steps width height resolution",
                'it is provider-specific: write options={"$name": ...}',
            ),
            ("number_of_images num_images sample_count n_images", "write n=2"),
            ("response_format", "leave it out: images are returned as bytes"),
        ),
    }
)
"""Names of options of operations other than chat."""

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "headers": 'headers={"X-Name": "..."}',
        "metadata": 'metadata={"team": "a"}',
        "options": 'options={"name": value}',
        "stop": 'stop=["END"]',
        "reasoning": 'reasoning=True, or reasoning_effort="low"',
        "reasoning_effort": 'reasoning_effort="low"',
        "tools": "tools=[my_function]",
        "tool_choice": 'tool_choice="auto", "none", "required" or the name of a tool',
        "timeout": "timeout=30, or timeout=Timeouts(connect=5, total=30)",
        "retries": "retries=2",
        "temperature": "temperature=0.5",
        "max_output_tokens": "max_output_tokens=500",
        "logprobs": "logprobs=True, top_logprobs=5",
        "user": 'user="..."',
        "prompt_cache": "prompt_cache=PromptCache(automatic=True)",
        "context_policy": 'context_policy=ContextPolicy(truncation="auto")',
        "fetching": "fetching=Fetching(allowed=False)",
        "uploading": "uploading=Uploading(allowed=False)",
        "response_limits": "response_limits=ResponseLimits(body_bytes=1_000_000)",
    }
)
"""What to write where the value of an option has the wrong type."""
