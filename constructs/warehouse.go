package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsredshiftserverless"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// WarehouseProps size the warehouse and say what it may reach.
type WarehouseProps struct {
	Name     string
	Database string
	// AdminSecret is the name of the secret that Redshift makes for the administrator.
	AdminSecret string
	// BaseRPUs is the capacity a query starts with: 4, or 8 to 512 in steps of 8. MaxRPUs of 0 sets no bound.
	BaseRPUs, MaxRPUs int
	Network           Network
	// Roles that SQL may name to load, publish or read the lake. None is the default role: SQL names the one it uses.
	Roles   []awsiam.Role
	LogDays awslogs.RetentionDays
	// DestroyData deletes the databases and logs together with the stack. The default retains them.
	DestroyData bool
}

// Warehouse is where the T of ELT happens. What it runs on is this construct's secret:
// others know kind, name and database, and are granted the right to connect.
type Warehouse struct {
	// Kind is what the Data API must be told: "workgroup" or "cluster".
	Kind string
	// Name of the workgroup or cluster.
	Name     string
	Database string
	// Namespace holds the databases of a serverless warehouse.
	Namespace string
	// AdminSecret is the name of the administrator's secret.
	AdminSecret string
	// Host that SQL clients connect to.
	Host string

	ready constructs.Construct
	scope constructs.Construct
	arn   string
	space string // ARN of the namespace
}

// NewWarehouse creates a serverless warehouse. Its data (the namespace) outlives its compute (the workgroup), which may be replaced.
func NewWarehouse(scope constructs.Construct, id string, props WarehouseProps) Warehouse {
	this := constructs.NewConstruct(scope, jsii.String(id))
	policy := removal(props.DestroyData)
	roles := make([]any, len(props.Roles))
	for i, role := range props.Roles {
		roles[i] = role.RoleArn()
	}
	namespace := awsredshiftserverless.NewCfnNamespace(this, jsii.String("Namespace"), &awsredshiftserverless.CfnNamespaceProps{
		NamespaceName:       jsii.String(props.Name),
		DbName:              jsii.String(props.Database),
		AdminUsername:       jsii.String("admin"),
		ManageAdminPassword: jsii.Bool(true),
		IamRoles:            &roles,
		LogExports:          jsii.Strings(exportedLogs...),
	})
	namespace.ApplyRemovalPolicy(policy, nil)
	for _, log := range exportedLogs {
		// Redshift makes them itself, to be kept for ever: make them first to own their retention.
		group := awslogs.NewLogGroup(this, jsii.String(log), &awslogs.LogGroupProps{
			LogGroupName: jsii.String("/aws/redshift/" + props.Name + "/" + log), Retention: props.LogDays, RemovalPolicy: policy,
		})
		namespace.Node().AddDependency(group)
	}

	workgroup := awsredshiftserverless.NewCfnWorkgroup(this, jsii.String("Workgroup"), &awsredshiftserverless.CfnWorkgroupProps{
		WorkgroupName:      jsii.String(props.Name),
		NamespaceName:      jsii.String(props.Name),
		BaseCapacity:       jsii.Number(props.BaseRPUs),
		MaxCapacity:        bound(props.MaxRPUs),
		SubnetIds:          subnetIDs(props.Network),
		SecurityGroupIds:   &[]any{props.Network.Warehouse.SecurityGroupId()},
		PubliclyAccessible: jsii.Bool(false),
		Port:               jsii.Number(WarehousePort),
		ConfigParameters: &[]any{
			&awsredshiftserverless.CfnWorkgroup_ConfigParameterProperty{ParameterKey: jsii.String("require_ssl"), ParameterValue: jsii.String("true")},
			// without it the user activity log stays empty
			&awsredshiftserverless.CfnWorkgroup_ConfigParameterProperty{
				ParameterKey: jsii.String("enable_user_activity_logging"), ParameterValue: jsii.String("true"),
			},
		},
	})
	workgroup.AddResourceDependency(namespace, nil)
	return Warehouse{
		Kind: "workgroup", Name: props.Name, Database: props.Database, Namespace: props.Name, AdminSecret: props.AdminSecret,
		Host:  *workgroup.AttrWorkgroupEndpointAddress(),
		ready: workgroup, scope: this, arn: *workgroup.AttrWorkgroupWorkgroupArn(), space: *namespace.AttrNamespaceNamespaceArn(),
	}
}

var exportedLogs = []string{"connectionlog", "userlog", "useractivitylog"}

func bound(units int) *float64 {
	if units == 0 {
		return nil
	}
	return jsii.Number(units)
}

func subnetIDs(network Network) *[]any {
	ids := make([]any, len(network.Subnets))
	for i, subnet := range network.Subnets {
		ids[i] = subnet.SubnetId()
	}
	return &ids
}

// Ready is what SQL must wait for.
func (w Warehouse) Ready() constructs.Construct { return w.ready }

// GrantConnect lets the role log in through the Data API as the database user IAMR:<role>. What it may do there SQL says.
func (w Warehouse) GrantConnect(id string, role awsiam.Role) {
	w.grant(id, role,
		statement([]string{"redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement", "redshift-serverless:GetCredentials"}, w.arn),
	)
}

// GrantAdminister lets the role log in as the administrator. What needs the right must wait for the result.
func (w Warehouse) GrantAdminister(id string, role awsiam.Role) constructs.Construct {
	return w.grant(id, role,
		statement([]string{"redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"}, w.arn),
		statement([]string{"redshift-serverless:GetNamespace"}, w.space),
		// Secrets Manager ends a secret's ARN with six characters of its own
		statement([]string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, arn(w.scope, "secretsmanager", "secret:"+w.AdminSecret+"-??????")),
	)
}

// grant by a policy that stands beside the warehouse: roles exist before it, and know no ARN of it.
func (w Warehouse) grant(id string, role awsiam.Role, statements ...awsiam.PolicyStatement) constructs.Construct {
	// The Data API shows each role its own statements only, whatever the resource.
	statements = append(statements, statement(
		[]string{"redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:ListStatements", "redshift-data:CancelStatement"}, "*",
	))
	policy := awsiam.NewPolicy(w.scope, jsii.String(id), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{role}, Statements: &statements})
	suppress(policy, "AwsSolutions-IAM5", "Statements of the Data API have no ARN before they run; a role sees its own only.", "Resource::*")
	return policy
}

// NewConnection describes the warehouse to Glue Studio, notebooks and jobs inside the network, with the secret by name.
func (w Warehouse) NewConnection(id, name string, network Network) awsglue.CfnConnection {
	subnet := network.Subnets[0]
	return awsglue.NewCfnConnection(w.scope, jsii.String(id), &awsglue.CfnConnectionProps{
		CatalogId: awscdk.Stack_Of(w.scope).Account(),
		ConnectionInput: &awsglue.CfnConnection_ConnectionInputProperty{
			Name:           jsii.String(name),
			Description:    jsii.String("The warehouse, as its administrator; for Glue Studio and notebooks."),
			ConnectionType: jsii.String("JDBC"),
			ConnectionProperties: map[string]string{
				"JDBC_CONNECTION_URL": "jdbc:redshift://" + w.Host + ":5439/" + w.Database,
				"JDBC_ENFORCE_SSL":    "true",
				// A serverless namespace tells CloudFormation no ARN of its secret, but the name follows a rule.
				"SECRET_ID": w.AdminSecret,
			},
			PhysicalConnectionRequirements: &awsglue.CfnConnection_PhysicalConnectionRequirementsProperty{
				AvailabilityZone:    subnet.AvailabilityZone(),
				SubnetId:            subnet.SubnetId(),
				SecurityGroupIdList: &[]*string{network.Glue.SecurityGroupId()},
			},
		},
	})
}
