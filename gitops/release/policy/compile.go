package policy

import (
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// compositionEnvironment takes long to make, and is the same for all policies. It fails
// for no input, only if Kubernetes' own declarations contradict each other.
var compositionEnvironment = sync.OnceValue(func() *cel.CompositionEnv {
	env, err := cel.NewCompositionEnv(cel.VariablesTypeName, environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		panic(err)
	}
	return env
})

// compile follows compilePolicy of the API server's plugin, which is not exported.
// Expressions that do not compile are found before, by manifest.Validate. When
// Kubernetes is upgraded, compare with plugin/policy/validating/plugin.go of
// k8s.io/apiserver.
// The result keeps no state and is used for every request.
func compile(policy *admissionv1.ValidatingAdmissionPolicy) validating.Validator {
	// Expressions may name params only where the policy has parameters.
	hasParams := policy.Spec.ParamKind != nil
	declarations := cel.OptionalVariableDeclarations{HasParams: hasParams, HasAuthorizer: true}
	inMessages := cel.OptionalVariableDeclarations{HasParams: hasParams}

	compiler := cel.NewCompositedCompilerFromTemplate(compositionEnvironment())
	var variables []cel.NamedExpressionAccessor
	for _, variable := range policy.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: variable.Name, Expression: variable.Expression})
	}
	// Variables come first: conditions, validations and messages may use them.
	compiler.CompileAndStoreVariables(variables, declarations, environment.StoredExpressions)

	var matcher matchconditions.Matcher
	if len(policy.Spec.MatchConditions) > 0 {
		var conditions []cel.ExpressionAccessor
		for i := range policy.Spec.MatchConditions {
			conditions = append(conditions, (*matchconditions.MatchCondition)(&policy.Spec.MatchConditions[i]))
		}
		matcher = matchconditions.NewMatcher(compiler.CompileCondition(conditions, declarations, environment.StoredExpressions),
			policy.Spec.FailurePolicy, "policy", "validate", policy.Name)
	}

	validations := make([]cel.ExpressionAccessor, len(policy.Spec.Validations))
	messages := make([]cel.ExpressionAccessor, len(policy.Spec.Validations))
	for i, validation := range policy.Spec.Validations {
		validations[i] = &validating.ValidationCondition{Expression: validation.Expression, Message: validation.Message, Reason: validation.Reason}
		if validation.MessageExpression != "" {
			messages[i] = &validating.MessageExpressionCondition{MessageExpression: validation.MessageExpression}
		}
	}
	annotations := make([]cel.ExpressionAccessor, len(policy.Spec.AuditAnnotations))
	for i, annotation := range policy.Spec.AuditAnnotations {
		annotations[i] = &validating.AuditAnnotationCondition{Key: annotation.Key, ValueExpression: annotation.ValueExpression}
	}
	return validating.NewValidator(
		compiler.CompileCondition(validations, declarations, environment.StoredExpressions),
		matcher,
		compiler.CompileCondition(annotations, declarations, environment.StoredExpressions),
		compiler.CompileCondition(messages, inMessages, environment.StoredExpressions),
		policy.Spec.FailurePolicy,
	)
}
